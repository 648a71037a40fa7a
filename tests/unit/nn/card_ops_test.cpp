// The operations that cards run as one launch, against those that they are made of.
#include <ATen/ATen.h>

#include <optional>

#include "nn/card_mode.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/ops.h"
#include "support/catch.h"

namespace zimage::nn {
namespace {

constexpr double kEps = 1e-5;

double relative_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor expected = b.to(at::kDouble);
  return ((a.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

struct Residual {
  explicit Residual(at::ScalarType dtype) {
    at::manual_seed(2);
    const auto made = [&](at::IntArrayRef sizes) { return at::randn(sizes).to(dtype); };
    x = made({2, 7, 96});
    y = made({2, 7, 96});
    weight = made({96});
    gate = made({1, 1, 96});
    next_weight = made({96});
    scale = made({1, 1, 96});
  }
  at::Tensor x, y, weight, gate, next_weight, scale;
};

TEST_CASE("a residual and its next norm are the two operations to the bit on the CPU") {
  const Residual in(GENERATE(at::kFloat, at::kBFloat16, at::kHalf));
  for (const bool modulated : {false, true}) {
    const at::Tensor gate = modulated ? in.gate : at::Tensor();
    const at::Tensor scale = modulated ? in.scale : at::Tensor();
    const auto [sum, next] =
        add_gated_norm_then_norm_(in.x.clone(), in.y, in.weight, kEps, gate, in.next_weight, scale);
    const at::Tensor expected = add_gated_norm_(in.x.clone(), in.y, in.weight, kEps, gate);
    CHECK(at::equal(sum, expected));
    CHECK(at::equal(next, modulated_rms_norm(expected, in.next_weight, kEps, scale)));
  }
}

TEST_CASE("a portable kernel makes the residual and its next norm in one launch") {
  const Residual in(at::kFloat);
  const auto expected =
      add_gated_norm_then_norm_(in.x.clone(), in.y, in.weight, kEps, in.gate, in.next_weight, in.scale);
  const kernels::ScopedPortableKernels scope;
  const auto results =
      add_gated_norm_then_norm_(in.x.clone(), in.y, in.weight, kEps, in.gate, in.next_weight, in.scale);
  CHECK(relative_error(results.first, expected.first) < 1e-6);
  CHECK(relative_error(results.second, expected.second) < 1e-6);
}

TEST_CASE("q and k that are columns of one product are rotated in place") {
  at::manual_seed(3);
  const bool portable = GENERATE(false, true);
  CAPTURE(portable);
  const std::int64_t heads = 3, dim = 16, tokens = 5;
  const at::Tensor packed = at::randn({2, tokens, 3 * heads * dim});
  const at::Tensor q_weight = at::randn({dim}), k_weight = at::randn({dim});
  const at::Tensor angle = at::randn({tokens, dim / 2});
  const at::Tensor rope = at::stack({angle.cos(), angle.sin()}, -1).contiguous();
  const auto part = [&](const at::Tensor& all, std::int64_t i) {
    return all.narrow(-1, i * heads * dim, heads * dim).unflatten(-1, {heads, dim});
  };
  const at::Tensor q = norm_rope_(part(packed, 0).contiguous(), q_weight, kEps, rope);
  const at::Tensor k = norm_rope_(part(packed, 1).contiguous(), k_weight, kEps, rope);
  std::optional<kernels::ScopedPortableKernels> scope;
  if (portable) scope.emplace();
  const at::Tensor used = packed.clone();
  const auto [q_made, k_made] = norm_rope_both_(part(used, 0), q_weight, part(used, 1), k_weight, kEps, rope);
  CHECK(relative_error(q_made, q) < 1e-6);
  CHECK(relative_error(k_made, k) < 1e-6);
  CHECK(at::equal(part(used, 2), part(packed, 2)));
  if (portable) CHECK(q_made.is_alias_of(used));
}

TEST_CASE("GroupNorm keeps a channels-last map channels-last in card mode") {
  at::manual_seed(4);
  const bool portable = GENERATE(false, true);
  const bool silu = GENERATE(false, true);
  CAPTURE(portable, silu);
  const at::Tensor x = at::randn({1, 12, 5, 7});
  const at::Tensor weight = at::randn({12}), bias = at::randn({12});
  const at::Tensor expected = twin::group_norm(x, 4, weight, bias, kEps, silu);
  const ScopedCardMode mode(true);
  std::optional<kernels::ScopedPortableKernels> scope;
  if (portable) scope.emplace();
  const at::Tensor made = group_norm(x.contiguous(at::MemoryFormat::ChannelsLast), 4, weight, bias, kEps, silu);
  CHECK(made.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(relative_error(made, expected) < 1e-6);
  CHECK(relative_error(group_norm(x, 4, weight, bias, kEps, silu), expected) < 1e-6);
}

}  // namespace
}  // namespace zimage::nn

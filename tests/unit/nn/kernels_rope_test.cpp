// The portable kernels' QK-norm with RoPE, and SwiGLU, against ATen.
#include <ATen/ATen.h>

#include <limits>

#include "nn/kernels/kernel_ops.h"
#include "nn/ops.h"
#include "support/catch.h"
#include "support/kernel_checks.h"

namespace zimage::nn {
namespace {

using test::check_near_twin;
using test::CountingLanes;
using test::different_bits;
using test::random_numbers;

constexpr double kEps = 1e-5;

at::Tensor random_rope(std::int64_t tokens, std::int64_t dim) {
  const at::Tensor angle = at::randn({tokens, dim / 2}) * 3;
  return at::stack({angle.cos(), angle.sin()}, -1).contiguous();
}

/// Returns what norm_rope_ must give to the bit. x [B, L, H, d].
at::Tensor exact_norm_rope(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& rope, std::int64_t lanes,
                           std::int64_t pack) {
  const at::Tensor f = x.to(at::kFloat);
  const at::Tensor r = test::inverse_root(test::lane_sum(f * f, lanes, pack), x.size(-1), kEps);
  const at::Tensor pairs = ((f * r).to(x.scalar_type()) * weight).to(at::kFloat).unflatten(-1, {-1, 2});
  const at::Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
  const at::Tensor cos = rope.select(-1, 0).unsqueeze(1), sin = rope.select(-1, 1).unsqueeze(1);
  return at::stack({a * cos - b * sin, a * sin + b * cos}, -1).flatten(3).to(x.scalar_type());
}

std::int64_t pack_of(std::int64_t dim) { return dim % 4 == 0 ? 4 : 2; }

/// One of a pair may cancel out, so an error is measured against their length.
at::Tensor pair_lengths(const at::Tensor& rotated) {
  const at::Tensor pairs = rotated.to(at::kFloat).unflatten(-1, {-1, 2});
  return pairs.norm(2, {-1}, true).expand_as(pairs).flatten(3) * 2;
}

TEST_CASE("portable norm_rope is exact but for the order of its sum", "[kernels]") {
  at::manual_seed(11);
  const auto dim = GENERATE(2, 6, 16, 30, 96, 128);
  const auto lanes = GENERATE(1, 32, 64, 128, 256, 512, 1024);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(dim << " numbers of " << dtype << ", " << lanes << " lanes");
    const at::Tensor q = random_numbers({2, 5, 3, dim}, dtype), k = random_numbers({2, 5, 2, dim}, dtype);
    const at::Tensor norm_q = random_numbers({dim}, dtype), norm_k = random_numbers({dim}, dtype);
    const at::Tensor rope = random_rope(5, dim);
    const at::Tensor q_out = q.clone(), k_out = k.clone();
    kernels::norm_rope_(executor, q_out, norm_q, k_out, norm_k, kEps, rope);
    CHECK(different_bits(q_out, exact_norm_rope(q, norm_q, rope, lanes, pack_of(dim))) == 0);
    CHECK(different_bits(k_out, exact_norm_rope(k, norm_k, rope, lanes, pack_of(dim))) == 0);
    const at::Tensor twin = twin::norm_rope(q, norm_q, kEps, rope);
    check_near_twin(q_out, twin, pair_lengths(twin));
  }
  CHECK(executor.launches.at("norm_rope") == 3);
}

TEST_CASE("portable norm_rope takes q and k out of a packed QKV, and leaves v", "[kernels]") {
  at::manual_seed(12);
  const std::int64_t tokens = 7, dim = GENERATE(16, 30, 128);
  const std::int64_t pack = dim % 4 == 0 ? 4 : 2;
  for (const auto dtype : test::kElements) {
    // Three heads of q, two of k and of v.
    const at::Tensor qkv = random_numbers({1, tokens, 7 * dim}, dtype), before = qkv.clone();
    const auto heads = [&](const at::Tensor& t, std::int64_t first, std::int64_t count) {
      return t.narrow(2, first * dim, count * dim).unflatten(-1, {count, dim});
    };
    const at::Tensor norm_q = random_numbers({dim}, dtype), norm_k = random_numbers({dim}, dtype);
    const at::Tensor rope = random_rope(tokens, dim);
    CountingLanes executor(32);
    kernels::norm_rope_(executor, heads(qkv, 0, 3), norm_q, heads(qkv, 3, 2), norm_k, kEps, rope);
    CHECK(different_bits(heads(qkv, 0, 3), exact_norm_rope(heads(before, 0, 3), norm_q, rope, 32, pack)) == 0);
    CHECK(different_bits(heads(qkv, 3, 2), exact_norm_rope(heads(before, 3, 2), norm_k, rope, 32, pack)) == 0);
    CHECK(different_bits(heads(qkv, 5, 2), heads(before, 5, 2)) == 0);
  }
}

TEST_CASE("portable norm_rope of q alone leaves no trace of k", "[kernels]") {
  const at::Tensor q = at::randn({1, 4, 3, 32}), rope = random_rope(4, 32), weight = at::randn({32});
  const at::Tensor out = q.clone();
  kernels::norm_rope_(kernels::cpu_executor(), out, weight, {}, {}, kEps, rope);
  CHECK(different_bits(out, exact_norm_rope(q, weight, rope, 32, 4)) == 0);
}

/// Returns x / (1 + e^−x) in fp64.
at::Tensor exact_silu(const at::Tensor& x) {
  const at::Tensor d = x.to(at::kDouble);
  return d / (1.0 + (-d).exp());
}

TEST_CASE("portable SiLU is within two units of the last place in fp32", "[kernels]") {
  const at::Tensor gate = at::cat({at::arange(-87.0, 89.0, 1.0 / 1024), at::randn({20000})}).to(at::kFloat);
  const at::Tensor made = kernels::swiglu(kernels::cpu_executor(), gate, at::ones_like(gate));
  const at::Tensor exact = exact_silu(gate);
  const at::Tensor distance = (made.to(at::kDouble) - exact).abs();
  CHECK((distance <= exact.abs() * 0x1p-22 + 1e-44).all().item<bool>());
  CHECK((distance > exact.abs() * 0x1p-26).any().item<bool>());
}

TEST_CASE("portable SiLU is its twin's for every number of bf16 and fp16", "[kernels]") {
  const auto dtype = GENERATE(at::kBFloat16, at::kHalf);
  const at::Tensor all = at::arange(-32768, 32768, at::kInt).to(at::kShort).view(dtype);
  const at::Tensor gate = all.masked_select(all.isfinite());
  const at::Tensor ones = at::ones_like(gate);
  const at::Tensor made = kernels::swiglu(kernels::cpu_executor(), gate, ones);
  const at::Tensor twin = twin::swiglu_(gate.clone(), ones);
  check_near_twin(made, twin, twin);
}

TEST_CASE("portable SiLU of numbers that aren't finite is ATen's", "[kernels]") {
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor gate = at::tensor({infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), -200.0F, 0.0F});
  for (const auto dtype : test::kElements) {
    const at::Tensor g = gate.to(dtype), ones = at::ones_like(g);
    CHECK(different_bits(kernels::swiglu(kernels::cpu_executor(), g, ones), twin::swiglu_(g.clone(), ones)) == 0);
  }
}

TEST_CASE("portable swiglu multiplies the rounded SiLU, also of packed columns", "[kernels]") {
  at::manual_seed(13);
  const auto dim = GENERATE(1, 3, 31, 33, 100, 130, 10240);
  const auto lanes = GENERATE(1, 32, 256, 1024);
  const auto between = GENERATE(0, 1, 4);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(dim << " numbers of " << dtype << ", " << lanes << " lanes");
    const at::Tensor packed = random_numbers({1, 3, 2 * dim + between}, dtype, 4.0);
    const at::Tensor gate = packed.narrow(2, 0, dim), up = packed.narrow(2, dim + between, dim);
    const at::Tensor out = kernels::swiglu(executor, gate, up);
    const at::Tensor silu = kernels::swiglu(executor, gate, at::ones_like(up.contiguous()));
    CHECK(different_bits(out, silu * up) == 0);
    const at::Tensor twin = twin::swiglu_(gate.contiguous(), up);
    check_near_twin(out, twin, twin.abs() * 2);
    kernels::swiglu(executor, gate, up, gate);  // in place
    CHECK(different_bits(gate, out) == 0);
  }
}

}  // namespace
}  // namespace zimage::nn

// Compares the fused CPU kernels with their ATen twins.
#include "nn/ops.h"

#include <ATen/ATen.h>

#include "support/catch.h"

namespace zimage::nn {
namespace {

double relative_error(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

constexpr double kEps = 1e-5;

TEST_CASE("rms_norm equals its twin") {
  const auto dim = GENERATE(1, 7, 32, 90, 1024);
  const at::Tensor x = at::randn({1, 5, dim});
  const at::Tensor weight = at::randn({dim});
  CHECK(relative_error(rms_norm(x, weight, kEps), twin::rms_norm(x, weight, kEps)) < 1e-6);
}

TEST_CASE("modulated_rms_norm scales the norm") {
  const at::Tensor x = at::randn({1, 33, 48});
  const at::Tensor weight = at::randn({48});
  const at::Tensor scale = at::randn({1, 1, 48});
  const at::Tensor expected = twin::rms_norm(x, weight, kEps) * scale;
  CHECK(relative_error(modulated_rms_norm(x, weight, kEps, scale), expected) < 1e-6);
  CHECK(at::equal(modulated_rms_norm(x, weight, kEps, {}), rms_norm(x, weight, kEps)));
}

TEST_CASE("add_gated_norm_ equals its twin, with and without a gate") {
  const at::Tensor x = at::randn({1, 33, 90});
  const at::Tensor y = at::randn({1, 33, 90}) * 3;
  const at::Tensor weight = at::randn({90});
  const at::Tensor gate = at::randn({1, 1, 90});
  CHECK(relative_error(add_gated_norm_(x.clone(), y, weight, kEps, gate),
                       twin::add_gated_norm(x, y, weight, kEps, gate)) < 1e-6);
  CHECK(relative_error(add_gated_norm_(x.clone(), y, weight, kEps, {}), twin::add_gated_norm(x, y, weight, kEps, {})) <
        1e-6);
}

TEST_CASE("norm_rope_ equals its twin") {
  const auto dim = GENERATE(2, 30, 128);
  const at::Tensor x = at::randn({1, 19, 3, dim});
  const at::Tensor weight = at::randn({dim});
  const at::Tensor angle = at::randn({19, dim / 2});
  const at::Tensor rope = at::stack({angle.cos(), angle.sin()}, -1).contiguous();
  const at::Tensor expected = twin::norm_rope(x, weight, kEps, rope);
  CHECK(relative_error(norm_rope_(x.clone(), weight, kEps, rope), expected) < 1e-6);
}

TEST_CASE("norm_rope_ rotates every picture of a batch alike") {
  const at::Tensor x = at::randn({3, 19, 2, 16});
  const at::Tensor weight = at::randn({16});
  const at::Tensor angle = at::randn({19, 8});
  const at::Tensor rope = at::stack({angle.cos(), angle.sin()}, -1).contiguous();
  const at::Tensor together = norm_rope_(x.clone(), weight, kEps, rope);
  CHECK(relative_error(together, twin::norm_rope(x, weight, kEps, rope)) < 1e-6);
  for (int i = 0; i < 3; ++i) {
    CHECK(at::equal(together.narrow(0, i, 1), norm_rope_(x.narrow(0, i, 1).clone(), weight, kEps, rope)));
  }
}

TEST_CASE("tensors that the kernels don't support go to the twins") {
  const at::Tensor x = at::randn({1, 8, 4, 16}).to(at::kBFloat16);
  const at::Tensor weight = at::ones({16}, at::kBFloat16);
  const at::Tensor rope = at::stack({at::ones({8, 8}), at::zeros({8, 8})}, -1).contiguous();
  CHECK(norm_rope_(x.clone(), weight, kEps, rope).scalar_type() == at::kBFloat16);
  CHECK(at::equal(norm_rope_(x.clone(), weight, kEps, rope), twin::rms_norm(x, weight, kEps)));
}

TEST_CASE("causal attention ignores later tokens and repeats key heads in groups") {
  const at::Tensor q = at::randn({1, 6, 4, 8});
  const at::Tensor k = at::randn({1, 6, 2, 8});
  const at::Tensor v = at::randn({1, 6, 2, 8});
  const at::Tensor whole = causal_attention(q, k, v);
  const auto first = [](const at::Tensor& t) { return t.slice(1, 0, 3); };
  CHECK(relative_error(causal_attention(first(q), first(k), first(v)), first(whole)) < 1e-6);
  // The first token attends only to itself: query heads 0 and 1 read value head 0, heads 2 and 3 value head 1.
  const at::Tensor expected = v.select(1, 0).repeat_interleave(2, 1).reshape({32});
  CHECK(relative_error(whole[0][0], expected) < 1e-6);
}

}  // namespace
}  // namespace zimage::nn

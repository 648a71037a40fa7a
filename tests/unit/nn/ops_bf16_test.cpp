// Compares the fused bf16 kernels and the attention with their ATen twins.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <limits>

#include "nn/cpu_attention.h"
#include "nn/cpu_element.h"
#include "nn/ops.h"
#include "support/catch.h"

namespace zimage::nn {
namespace {

constexpr double kEps = 1e-5;

/// Returns numbers that don't depend on which other tests ran before.
at::Tensor random_bf16(at::IntArrayRef shape) {
  static at::Generator generator = at::detail::createCPUGenerator(1);
  return at::randn(shape, generator, at::TensorOptions(at::kFloat)).to(at::kBFloat16);
}

/// Checks that all but one of a thousand numbers are equal, and that the others differ by what one rounding of a value
/// of this size can make of it: 2^-7, a unit in the last place just above a power of two. A sum in another order now
/// and then moves the first rounding.
void check_twins(const at::Tensor& fused, const at::Tensor& twin, const at::Tensor& size) {
  REQUIRE(fused.scalar_type() == at::kBFloat16);
  REQUIRE(fused.sizes() == twin.sizes());
  const at::Tensor distance = (fused.to(at::kFloat) - twin.to(at::kFloat)).abs();
  CHECK((distance <= size.to(at::kFloat).abs() / 128).all().item<bool>());
  CHECK(fused.ne(twin).sum().item<std::int64_t>() * 1000 <= fused.numel());
}
void check_twins(const at::Tensor& fused, const at::Tensor& twin) { check_twins(fused, twin, twin); }

TEST_CASE("bf16 rms_norm rounds as its twin does") {
  const auto dim = GENERATE(1, 7, 33, 90, 1024, 3840);
  const at::Tensor x = random_bf16({2, 61, dim}), weight = random_bf16({dim}), scale = random_bf16({1, 1, dim});
  check_twins(rms_norm(x, weight, kEps), twin::rms_norm(x, weight, kEps));
  check_twins(modulated_rms_norm(x, weight, kEps, scale), twin::rms_norm(x, weight, kEps) * scale);
}

TEST_CASE("bf16 add_gated_norm_ rounds as its twin does") {
  const auto dim = GENERATE(1, 7, 90, 1024);
  const at::Tensor x = random_bf16({2, 61, dim}), y = random_bf16({2, 61, dim}), weight = random_bf16({dim});
  const at::Tensor gate = random_bf16({1, 1, dim});
  const at::Tensor normed = twin::rms_norm(y, weight, kEps).abs();  // what is added may cancel out
  check_twins(add_gated_norm_(x.clone(), y, weight, kEps, gate), twin::add_gated_norm(x, y, weight, kEps, gate),
              x.abs() + gate.abs() * normed);
  check_twins(add_gated_norm_(x.clone(), y, weight, kEps, {}), twin::add_gated_norm(x, y, weight, kEps, {}),
              x.abs() + normed);
}

TEST_CASE("bf16 norm_rope_ rounds as its twin does") {
  const auto dim = GENERATE(2, 30, 128);
  const at::Tensor x = random_bf16({2, 61, 5, dim}), weight = random_bf16({dim});
  const at::Tensor angle = at::randn({61, dim / 2});
  const at::Tensor rope = at::stack({angle.cos(), angle.sin()}, -1).contiguous();
  const at::Tensor expected = twin::norm_rope(x, weight, kEps, rope);
  const at::Tensor pairs = expected.to(at::kFloat).unflatten(-1, {-1, 2});
  const at::Tensor length = pairs.norm(2, {-1}, true).expand_as(pairs).flatten(3);  // one of a pair may cancel out
  check_twins(norm_rope_(x.clone(), weight, kEps, rope), expected, length);
}

TEST_CASE("bf16 swiglu_ rounds as its twin does") {
  const auto dim = GENERATE(1, 37, 2730);
  const at::Tensor gate = random_bf16({2, 61, dim}) * 4, up = random_bf16({2, 61, dim});
  check_twins(swiglu_(gate.clone(), up), twin::swiglu_(gate.clone(), up));
}

TEST_CASE("bf16 swiglu_ is right for every gate") {
  // All numbers of bf16 but those that aren't finite, whose product overflows, or whose SiLU is below fp32's range.
  const at::Tensor all = at::arange(-32768, 32768, at::kInt).to(at::kShort).view(at::kBFloat16);
  const at::Tensor gate = all.masked_select(all.isfinite().logical_and(all > -80)).unsqueeze(0);
  check_twins(swiglu_(gate.clone(), at::ones_like(gate)), twin::swiglu_(gate.clone(), at::ones_like(gate)));
  const at::Tensor low = at::full({64}, -300.0, at::kBFloat16);
  CHECK(swiglu_(low.clone(), at::ones_like(low)).abs().max().item<float>() < 1e-30F);
}

TEST_CASE("bf16 modulated_layer_norm rounds as its twin does") {
  const auto dim = GENERATE(33, 1024);
  const at::Tensor x = random_bf16({2, 61, dim}) + 0.5, scale = random_bf16({1, 1, dim});
  const at::Tensor expected = twin::modulated_layer_norm(x, 1e-6, scale);
  const at::Tensor size = at::maximum(expected.abs(), scale.abs());  // x − mean may cancel out
  check_twins(modulated_layer_norm(x, 1e-6, scale), expected, size);
}

TEST_CASE("what isn't a number stays so in bf16") {
  at::Tensor x = at::ones({1, 2, 8}, at::kBFloat16);
  x[0][1][3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor ones = at::ones({8}, at::kBFloat16);
  const at::Tensor normed = rms_norm(x, ones, kEps);
  CHECK(normed[0][0].isfinite().all().item<bool>());
  CHECK(normed[0][1].isnan().all().item<bool>());
  CHECK(swiglu_(x.clone(), at::ones_like(x)).isnan().sum().item<int>() == 1);
}

TEST_CASE("the power of two is near its value over its whole range") {
  const at::Tensor x = at::arange(-126.0, 127.9, 1.0 / 512, at::kDouble);
  double worst = 0.0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double exact = std::exp2(x.const_data_ptr<double>()[i]);
    const double error = cpu::exp2_of(static_cast<float>(x.const_data_ptr<double>()[i])) / exact - 1.0;
    worst = std::max(worst, std::abs(error));
  }
  CHECK(worst < 3e-7);
  CHECK(worst > 1e-9);
  CHECK(cpu::exp2_of(-1e30F) < 2e-38F);
  CHECK(std::isinf(cpu::exp2_of(1e30F)));
}

double relative_error(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kFloat) - b.to(at::kFloat)).norm() / b.to(at::kFloat).norm()).item<double>();
}

TEST_CASE("the CPU's own bf16 attention is as near to fp32 as libtorch's") {
  struct Shape {
    std::int64_t batch, queries, keys, heads, dim;
  };
  const auto s = GENERATE(Shape{1, 1, 1, 1, 2}, Shape{1, 32, 32, 2, 16}, Shape{2, 65, 97, 3, 64},
                          Shape{1, 200, 931, 2, 128}, Shape{1, 96, 416, 2, 30}, Shape{1, 70, 417, 1, 128});
  // Sharp rows and flat ones: the running maximum changes from block to block.
  const at::Tensor q = random_bf16({s.batch, s.queries, s.heads, s.dim}) * 2;
  const at::Tensor k = random_bf16({s.batch, s.keys, s.heads, s.dim});
  const at::Tensor v = random_bf16({s.batch, s.keys, s.heads, s.dim});
  if (!cpu::attention_fits(q, k, v)) return;
  const at::Tensor own = cpu::attention(q, k, v);
  CHECK(own.sizes() == at::IntArrayRef({s.batch, s.queries, s.heads * s.dim}));
  const at::Tensor exact = twin::attention(q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat));
  const double error = relative_error(own, exact);
  CHECK(error < 1.1 * relative_error(twin::attention(q, k, v), exact) + 1e-4);
  CHECK(error < 4e-3);
}

TEST_CASE("the CPU's own bf16 attention takes heads that lie apart") {
  const at::Tensor qkv = random_bf16({1, 70, 3, 2, 32});
  const at::Tensor q = qkv.select(2, 0), k = qkv.select(2, 1), v = qkv.select(2, 2);
  if (!cpu::attention_fits(q, k, v)) return;
  CHECK(at::equal(cpu::attention(q, k, v), cpu::attention(q.contiguous(), k.contiguous(), v.contiguous())));
  CHECK_FALSE(cpu::attention_fits(q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat)));
  CHECK_FALSE(cpu::attention_fits(q.narrow(3, 0, 31), k.narrow(3, 0, 31), v.narrow(3, 0, 31)));
}

}  // namespace
}  // namespace zimage::nn

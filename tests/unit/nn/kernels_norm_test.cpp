// The portable kernels' norms against ATen: to the bit, given the order of their sums, and near their twins.
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

/// Returns the norm that a kernel must give to the bit.
at::Tensor exact_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& scale, std::int64_t lanes,
                      std::int64_t pack) {
  const at::Tensor f = x.to(at::kFloat);
  const at::Tensor r = test::inverse_root(test::lane_sum(f * f, lanes, pack), x.size(-1), kEps);
  const at::Tensor normed = (f * r).to(x.scalar_type()) * weight;
  return scale.defined() ? normed * scale : normed;
}

std::int64_t pack_of(std::int64_t dim) { return dim % 4 == 0 ? 4 : 1; }

TEST_CASE("portable norm is exact but for the order of its sum", "[kernels]") {
  at::manual_seed(1);
  const auto dim = GENERATE(1, 3, 31, 33, 100, 128, 130, 2560, 3840);
  const auto lanes = GENERATE(1, 32, 64, 128, 256, 512, 1024);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(dim << " numbers of " << dtype << ", " << lanes << " lanes");
    const at::Tensor x = random_numbers({2, 3, dim}, dtype), weight = random_numbers({dim}, dtype);
    const at::Tensor scale = random_numbers({1, 1, dim}, dtype);
    const at::Tensor plain = kernels::norm(executor, x, weight, kEps, {});
    const at::Tensor scaled = kernels::norm(executor, x, weight, kEps, scale);
    CHECK(different_bits(plain, exact_norm(x, weight, {}, lanes, pack_of(dim))) == 0);
    CHECK(different_bits(scaled, exact_norm(x, weight, scale, lanes, pack_of(dim))) == 0);
    const at::Tensor twin = twin::rms_norm(x, weight, kEps);
    check_near_twin(plain, twin, twin);
    check_near_twin(scaled, twin * scale, twin.abs() * scale.abs() * 2);
  }
  CHECK(executor.launches.at("norm") == 6);
}

TEST_CASE("portable norm keeps what is extreme", "[kernels]") {
  at::manual_seed(2);
  const auto size = GENERATE(0.0, 1e-30, 1e-20, 1e-4, 3e4, 1e18, 3e38);
  CountingLanes executor(64);
  for (const auto dtype : test::kElements) {
    INFO(dtype << " of about " << size);
    const at::Tensor x = random_numbers({4, 132}, dtype, size), weight = random_numbers({132}, dtype);
    CHECK(different_bits(kernels::norm(executor, x, weight, kEps, {}), exact_norm(x, weight, {}, 64, 4)) == 0);
  }
}

TEST_CASE("portable norm lets one bad number spoil its own row only", "[kernels]") {
  const auto bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
  for (const auto dtype : test::kElements) {
    at::Tensor x = at::ones({3, 40}, dtype);
    x[1][37] = bad;
    const at::Tensor out = kernels::norm(kernels::cpu_executor(), x, at::ones({40}, dtype), kEps, {});
    CHECK(out[0].isfinite().all().item<bool>());
    CHECK(out[2].isfinite().all().item<bool>());
    CHECK(out[1][37].isnan().item<bool>());
  }
}

TEST_CASE("portable norm takes rows that lie apart, also off the packs' addresses", "[kernels]") {
  at::manual_seed(3);
  const auto dim = GENERATE(3, 64, 130);
  const auto offset = GENERATE(0, 1, 4);
  const auto more = GENERATE(8, 9);
  for (const auto dtype : test::kElements) {
    const at::Tensor x = random_numbers({5, dim + more}, dtype).narrow(1, offset, dim);
    const at::Tensor weight = random_numbers({dim}, dtype);
    const std::int64_t pack = offset % 4 == 0 && (dim + more) % 4 == 0 ? pack_of(dim) : 1;
    CountingLanes executor(32);
    CHECK(different_bits(kernels::norm(executor, x, weight, kEps, {}), exact_norm(x, weight, {}, 32, pack)) == 0);
  }
}

TEST_CASE("portable norm of rows with two distances takes a copy", "[kernels]") {
  const at::Tensor x = at::randn({4, 3, 16}).narrow(1, 0, 2), weight = at::randn({16});
  const at::Tensor out = kernels::norm(kernels::cpu_executor(), x, weight, kEps, {});
  CHECK(different_bits(out, kernels::norm(kernels::cpu_executor(), x.contiguous(), weight, kEps, {})) == 0);
}

/// Returns x + gate · norm(y), to the bit.
at::Tensor exact_sum(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, const at::Tensor& gate,
                     std::int64_t lanes) {
  const at::Tensor normed = exact_norm(y, weight, {}, lanes, pack_of(x.size(-1)));
  return gate.defined() ? x + gate * normed : x + normed;
}

TEST_CASE("portable add_gated_norm is exact but for the order of its sum", "[kernels]") {
  at::manual_seed(4);
  const auto dim = GENERATE(1, 3, 31, 33, 100, 130, 2560, 3840);
  const auto lanes = GENERATE(1, 32, 128, 1024);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(dim << " numbers of " << dtype << ", " << lanes << " lanes");
    const at::Tensor x = random_numbers({1, 5, dim}, dtype), y = random_numbers({1, 5, dim}, dtype, 3.0);
    const at::Tensor weight = random_numbers({dim}, dtype), gate = random_numbers({1, 1, dim}, dtype);
    const at::Tensor normed = twin::rms_norm(y, weight, kEps).abs();
    for (const at::Tensor& g : {gate, at::Tensor()}) {
      const at::Tensor sum = kernels::add_gated_norm_(executor, x.clone(), y, weight, kEps, g);
      CHECK(different_bits(sum, exact_sum(x, y, weight, g, lanes)) == 0);
      check_near_twin(sum, twin::add_gated_norm(x, y, weight, kEps, g),
                      (x.abs() + (g.defined() ? g.abs() * normed : normed)) * 2);
    }
  }
}

TEST_CASE("portable add_gated_norm changes its own rows only", "[kernels]") {
  const at::Tensor wide = at::randn({4, 48}), before = wide.clone(), y = at::randn({4, 48}).narrow(1, 16, 32);
  const at::Tensor x = wide.narrow(1, 8, 32), weight = at::randn({32});
  const at::Tensor expected = exact_sum(x.clone(), y, weight, {}, 32);
  kernels::add_gated_norm_(kernels::cpu_executor(), x, y, weight, kEps, {});
  CHECK(different_bits(x, expected) == 0);
  CHECK(at::equal(wide.narrow(1, 0, 8), before.narrow(1, 0, 8)));
  CHECK(at::equal(wide.narrow(1, 40, 8), before.narrow(1, 40, 8)));
}

TEST_CASE("portable add_gated_norm_then_norm is the two kernels one after the other", "[kernels]") {
  at::manual_seed(5);
  const auto dim = GENERATE(1, 3, 31, 100, 130, 3840);
  const auto lanes = GENERATE(32, 256, 1024);
  const bool modulated = GENERATE(false, true);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(dim << " numbers of " << dtype << ", " << lanes << " lanes");
    const at::Tensor x = random_numbers({1, 5, dim}, dtype), y = random_numbers({1, 5, dim}, dtype);
    const at::Tensor weight = random_numbers({dim}, dtype);
    const at::Tensor gate = modulated ? random_numbers({1, 1, dim}, dtype) : at::Tensor();
    const kernels::NextNorm next{random_numbers({dim}, dtype),
                                 modulated ? random_numbers({1, 1, dim}, dtype) : at::Tensor(), 1e-2};
    const auto [sum, normed] = kernels::add_gated_norm_then_norm_(executor, x.clone(), y, weight, kEps, gate, next);
    const at::Tensor expected = kernels::add_gated_norm_(executor, x.clone(), y, weight, kEps, gate);
    CHECK(different_bits(sum, expected) == 0);
    CHECK(different_bits(normed, kernels::norm(executor, expected, next.weight, next.eps, next.scale)) == 0);
  }
}

TEST_CASE("portable layer_norm is exact but for the order of its sums", "[kernels]") {
  at::manual_seed(6);
  const auto dim = GENERATE(1, 3, 31, 33, 100, 130, 2560, 3840);
  const auto lanes = GENERATE(1, 32, 256, 1024);
  CountingLanes executor(lanes);
  for (const auto dtype : test::kElements) {
    INFO(dim << " numbers of " << dtype << ", " << lanes << " lanes");
    const at::Tensor x = random_numbers({1, 5, dim}, dtype) + 0.5, scale = random_numbers({1, 1, dim}, dtype);
    const at::Tensor out = kernels::modulated_layer_norm(executor, x, kEps, scale);
    const at::Tensor f = x.to(at::kFloat);
    const at::Tensor mean = test::lane_sum(f, lanes, pack_of(dim)) / at::full({}, static_cast<double>(dim));
    const at::Tensor from_mean = f - mean;
    const at::Tensor r = test::inverse_root(test::lane_sum(from_mean * from_mean, lanes, pack_of(dim)), dim, kEps);
    CHECK(different_bits(out, (from_mean * r).to(dtype) * scale) == 0);
    if (dim == 1) continue;  // of a number less itself, the twin leaves what a product rounds away
    const at::Tensor twin = twin::modulated_layer_norm(x, kEps, scale);
    check_near_twin(out, twin, at::maximum(twin.abs(), scale.abs()) * 2);
  }
}

}  // namespace
}  // namespace zimage::nn

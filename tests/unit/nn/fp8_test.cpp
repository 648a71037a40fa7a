// Linear layers that multiply in fp8, on the CPU: their twin.
#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "nn/checked_copy.h"
#include "nn/fp8/fp8_product.h"
#include "nn/fp8/fp8_weight.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/linear_group.h"
#include "nn/linear_policy.h"
#include "nn/quantised/dequantise.h"
#include "nn/quantised/quantise.h"
#include "support/catch.h"
#include "support/kernel_checks.h"

namespace zimage::nn {
namespace {

const Placement kFp8{.fp8 = true};

double relative_l2(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

StoredWeight dense(const at::Tensor& weight) {
  return {.encoding = dense_encoding(weight.scalar_type()), .shape = weight.sizes().vec(), .data = weight};
}

/// Returns a weight of random fp8 numbers, with bytes between its rows that don't belong to it.
StoredWeight random_fp8(std::int64_t rows, std::int64_t columns) {
  const at::Tensor bytes = at::randn({rows, columns + 5}).to(at::kFloat8_e4m3fn).view(at::kByte);
  return {.encoding = Encoding::kF8E4M3, .shape = {rows, columns}, .data = bytes.narrow(1, 0, columns)};
}

std::shared_ptr<const LinearWeight> bulk(const StoredWeight& weight, const WeightChanges& changes = {}) {
  return make_linear_weight(weight, changes, kFp8, WeightUse::kBulk, std::make_shared<Workspace>());
}

/// Both operands are rounded to 4 bits, at most 1/16 off and 1/36 on average: so a product is about 4 % off.
void check_near(const at::Tensor& made, const at::Tensor& expected, double most = 0.05) {
  CHECK(made.sizes() == expected.sizes());
  CHECK(relative_l2(made, expected) < most);
  CHECK(relative_l2(made, expected) > 0.005);
}

TEST_CASE("fp8: a quantised dense weight multiplies as the dense one, within a bound") {
  at::manual_seed(1);
  const at::Tensor w = at::randn({192, 640}) / 25.0, x = at::randn({2, 40, 640}), bias = at::randn({192});
  const at::Tensor expected = at::linear(x, w);
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const auto weight = bulk(dense(w.to(dtype)));
    const at::Tensor out = weight->forward(x.to(at::kBFloat16), {});
    CHECK(out.scalar_type() == at::kBFloat16);
    check_near(out, expected);
    CHECK_FALSE(weight->dense().defined());
  }
  const auto weight = bulk(dense(w));
  CHECK(at::equal(weight->forward(x, bias), weight->forward(x, {}) + bias));
  const at::Tensor turned = x.transpose(0, 1);
  CHECK(at::equal(weight->forward(turned, {}), weight->forward(x, {}).transpose(0, 1)));
  CHECK(weight->forward(at::empty({1, 0, 640}), {}).sizes() == at::IntArrayRef({1, 0, 192}));
}

TEST_CASE("fp8: a product is that of the quantised numbers") {
  at::manual_seed(2);
  const at::Tensor w = at::randn({48, 64}), x = at::randn({7, 64}) * at::randn({7, 1}).exp();
  const Fp8Rows rows = quantise_fp8_rows(x), matrix = quantise_fp8_rows(w);
  const auto numbers = [](const Fp8Rows& r) { return r.codes.to(at::kDouble) * r.scales.to(at::kDouble); };
  CHECK(relative_l2(numbers(rows), x) < 0.04);
  const at::Tensor exact = at::matmul(numbers(rows), numbers(matrix).t());
  CHECK(relative_l2(multiply_fp8(rows, matrix, at::kFloat), exact) < 1e-6);
  CHECK(relative_l2(bulk(dense(w))->forward(x, {}), exact) < 1e-6);
}

TEST_CASE("fp8: stored fp8 keeps its numbers, with one scale, one a row, or none") {
  at::manual_seed(3);
  StoredWeight stored = random_fp8(80, 128);
  const at::Tensor x = at::randn({30, 128});
  // These numbers have no more than 4 bits, and the largest of each row is a power of two times 448: they stay exact.
  at::Tensor exact = at::randn({30, 128}).to(at::kFloat8_e4m3fn).to(at::kFloat);
  exact.select(1, 5).fill_(448.0);
  for (const at::Tensor& scale : {at::Tensor(), at::tensor(0.02F).squeeze(), at::rand({80}) + 0.5}) {
    stored.scale = scale;
    const at::Tensor numbers = dequantise(stored, at::kFloat);
    CHECK(relative_l2(bulk(stored)->forward(exact, {}), at::linear(exact, numbers)) < 1e-6);
    check_near(bulk(stored)->forward(x, {}), at::linear(x, numbers), 0.035);  // only the input is rounded
  }
  // It doesn't refer to the file's bytes.
  const auto kept = bulk(stored);
  const at::Tensor before = kept->forward(x, {});
  stored.data.zero_();
  CHECK(at::equal(kept->forward(x, {}), before));
}

TEST_CASE("fp8: all other encodings are quantised a row") {
  at::manual_seed(4);
  const at::Tensor w = at::randn({2064, 256}) / 16.0, x = at::randn({20, 256});  // more rows than are fp32 at once
  StoredWeight scaled = random_fp8(64, 256);
  scaled.column_scale = at::rand({256}) + 0.5;
  StoredWeight e5m2 = random_fp8(64, 256);
  e5m2.encoding = Encoding::kF8E5M2;
  e5m2.data = at::randn({64, 256}).to(at::kFloat8_e5m2).view(at::kByte);
  for (const StoredWeight& stored : {quantise_int8(w), scaled, e5m2}) {
    const at::Tensor numbers = dequantise(stored, at::kFloat);
    check_near(bulk(stored)->forward(x, {}), at::linear(x, numbers));
    // It is what its numbers would be, stored as fp32.
    CHECK(at::equal(bulk(stored)->forward(x, {}), bulk(dense(numbers))->forward(x, {})));
  }
}

TEST_CASE("fp8: rows of zeros and of very different sizes keep what they are, and a bad number spoils its own row") {
  at::manual_seed(5);
  at::Tensor w = at::randn({64, 256}), x = at::randn({4, 256});
  w[3].zero_();
  w[63].mul_(1e20);
  x[1].zero_();
  x[2].mul_(1e10);
  const at::Tensor out = bulk(dense(w))->forward(x, {}), expected = at::linear(x, w);
  CHECK(out[1].eq(0).all().item<bool>());
  CHECK(out.select(1, 3).eq(0).all().item<bool>());
  for (const std::int64_t row : {0, 2, 3}) {
    CHECK(relative_l2(out[row].narrow(0, 0, 63), expected[row].narrow(0, 0, 63)) < 0.06);
    // One number may be near zero, so its error is compared with what such a product is on average.
    const at::Tensor usual = x[row].norm() * w[63].norm() / 16.0;
    CHECK(((out[row][63] - expected[row][63]).abs() / usual).item<double>() < 0.2);
  }
  const float bad = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
  x[0][5] = bad;
  const at::Tensor spoilt = bulk(dense(w))->forward(x, {});
  CHECK_FALSE(spoilt[0].isfinite().any().item<bool>());
  CHECK(at::equal(spoilt.narrow(0, 1, 3), out.narrow(0, 1, 3)));
}

TEST_CASE("fp8: the placement, the weight's use and its shape decide") {
  const StoredWeight weight = dense(at::randn({64, 32}));
  const at::Tensor x = at::randn({3, 32});
  const auto out = [&](const StoredWeight& stored, WeightUse use) {
    return make_linear_weight(stored, {}, kFp8, use, std::make_shared<Workspace>())->forward(x, {});
  };
  CHECK(out(weight, WeightUse::kPrecise).equal(at::linear(x, weight.data)));
  CHECK(out(weight, WeightUse::kOneRow).equal(at::linear(x, weight.data)));
  CHECK_FALSE(out(weight, WeightUse::kBulk).equal(at::linear(x, weight.data)));
  const StoredWeight odd = dense(at::randn({72, 32}));
  CHECK(out(odd, WeightUse::kBulk).equal(at::linear(x, odd.data)));
  CHECK_FALSE(fits_fp8(dense(at::randn({64, 40}))));
  CHECK_FALSE(fits_fp8(dense(at::randn({64}))));
  CHECK_FALSE(fits_fp8(dense(at::empty({0, 32}))));
  CHECK_FALSE(refers_to_stored(weight, {}, kFp8, WeightUse::kBulk));
  CHECK_FALSE(is_copied_first(dense(weight.data.to(at::kBFloat16)), {}, kFp8, WeightUse::kBulk));
  CHECK(refers_to_stored(weight, {}, kFp8, WeightUse::kPrecise));
  CHECK_FALSE(fp8_available(at::kCPU));
}

TEST_CASE("fp8: changes of a weight are made before it is quantised, and products stay beside a quantised one") {
  at::manual_seed(6);
  const at::Tensor w = at::randn({96, 128}) / 11.0, x = at::randn({10, 128});
  const LowRank product{at::randn({96, 4}) / 5.0, at::randn({4, 128}) / 5.0};
  const at::Tensor difference = at::randn({96, 128}) / 11.0;
  const WeightChanges both{difference_change(difference, 0.5), low_rank_change(product)};
  for (const StoredWeight& stored : {dense(w), dense(w.to(at::kBFloat16)), quantise_int8(w), quantise_fp8(w)}) {
    const at::Tensor numbers = dequantise(stored, at::kFloat);
    const at::Tensor changed = numbers + difference * 0.5 + at::matmul(product.up, product.down);
    check_near(bulk(stored, both)->forward(x, {}), at::linear(x, changed));
    CHECK(relative_l2(at::linear(x, numbers), at::linear(x, changed)) > 0.1);
  }
}

TEST_CASE("fp8: layers of one input are joined to the same bits, with one quantisation") {
  at::manual_seed(7);
  std::vector<Linear> layers;
  for (const std::int64_t rows : {48, 16, 32}) layers.push_back({bulk(dense(at::randn({rows, 64}))), {}});
  const LinearGroup apart(layers, {48, 16, 32}, false), joined(layers, {48, 16, 32}, true);
  CHECK(joined.joined());
  const at::Tensor x = at::randn({2, 5, 64});
  test::CountingLanes executor;
  const kernels::ScopedPortableKernels portable(executor);
  const auto one = apart(x);
  CHECK(executor.launches.at("quantise_fp8") == 3);
  const auto other = joined(x);
  CHECK(executor.launches.at("quantise_fp8") == 4);
  for (std::size_t i = 0; i < 3; ++i) CHECK(relative_l2(other[i], one[i]) < 1e-6);  // sums may have another order
  layers[1].weight = dense_weight(at::randn({16, 64}));
  CHECK_FALSE(LinearGroup(layers, {48, 16, 32}, true).joined());
}

}  // namespace
}  // namespace zimage::nn

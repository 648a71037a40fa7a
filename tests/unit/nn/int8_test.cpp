#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <limits>

#include "nn/int8/int8_product.h"
#include "nn/int8/int8_weight.h"
#include "nn/linear_policy.h"
#include "nn/quantised/dequantise.h"
#include "nn/quantised/quantise.h"
#include "support/catch.h"

namespace zimage::nn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// The tests of products say so and pass where the processor has none.
bool missing() {
  if (int8_available()) return false;
  WARN("this processor doesn't multiply int8, so nothing was compared");
  return true;
}

std::shared_ptr<Workspace> workspace() { return std::make_shared<Workspace>(); }

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() &&
         at::equal(a.contiguous().view(at::kByte), b.contiguous().view(at::kByte));
}

double relative_l2(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

StoredWeight dense(const at::Tensor& weight) {
  const Encoding encoding = weight.scalar_type() == at::kBFloat16 ? Encoding::kBF16 : Encoding::kF32;
  return {.encoding = encoding, .shape = weight.sizes().vec(), .data = weight};
}

StoredWeight random_codes(std::int64_t rows, std::int64_t columns, std::int64_t rotation) {
  return {.encoding = Encoding::kInt8,
          .shape = {rows, columns},
          .data = at::randint(0, 256, {rows, columns}, at::kByte),
          .scale = at::rand({rows}) * 0.01 + 0.001,
          .rotation = rotation};
}

/// Returns the weight as GGUF's Q8_0.
StoredWeight q8_0(const at::Tensor& weight) {
  const at::Tensor blocks = weight.view({weight.size(0), -1, 32});
  const at::Tensor scale = (blocks.abs().amax(2, true) / 127.0).to(at::kHalf);
  const at::Tensor codes = (blocks / scale.to(at::kFloat)).round().clamp(-127, 127).to(at::kChar);
  return {.encoding = Encoding::kQ8_0,
          .shape = weight.sizes().vec(),
          .data = at::cat({scale.view(at::kByte), codes.view(at::kByte)}, 2).flatten(1)};
}

/// Returns rows with ordinary and with extreme numbers.
at::Tensor hard_rows(std::int64_t rows, std::int64_t columns) {
  at::Tensor x = at::randn({rows, columns});
  if (rows < 6) return x;
  x[0].zero_();
  x[1].mul_(1e30);
  x[2].mul_(1e-33);
  x[3][columns / 2] = 1000.0;
  x[4].fill_(-2.5);
  return x;
}

TEST_CASE("int8: quantised rows equal their twin's to the bit") {
  for (const std::int64_t columns : {16, 48, 64, 256, 320, 1024, 3840}) {
    for (const std::int64_t rotation : {0, 4, 16, 64, 256, 1024}) {
      if (rotation > 0 && columns % rotation != 0) continue;
      for (const auto dtype : {at::kFloat, at::kBFloat16}) {
        INFO(columns << " columns, rotation " << rotation << ", " << c10::toString(dtype));
        const at::Tensor x = hard_rows(9, columns).to(dtype);
        const auto [codes, scales] = quantise_rows(x, rotation);
        const auto [expected_codes, expected_scales] = twin::quantise_rows(x, rotation);
        CHECK(same_bits(codes, expected_codes));
        CHECK(same_bits(scales, expected_scales));
        CHECK(scales[0].item<float>() == 0.0F);
        CHECK(codes[0].eq(128).all().item<bool>());
        if (rotation == 0) CHECK(codes.max().item<int>() == 255);
        if (rotation == 0) CHECK(codes.min().item<int>() == 1);
      }
    }
  }
}

TEST_CASE("int8: ties go to even, and the largest magnitude becomes 127") {
  const at::Tensor x = at::tensor({127.0F, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 126.5F, -127.0F}).unsqueeze(0);
  const auto [codes, scales] = quantise_rows(x, 0);
  CHECK(codes.to(at::kInt).sub(128).flatten().equal(at::tensor({127, 0, 2, 2, 0, -2, 126, -127}, at::kInt)));
  CHECK(scales.item<float>() == 1.0F);
}

TEST_CASE("int8: a row with a number that isn't finite has a scale that isn't") {
  at::Tensor x = at::randn({3, 64});
  x[0][63] = kNaN;
  x[1][0] = -kInfinity;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor scales = quantise_rows(x.to(dtype), 0).second;
    CHECK(scales[0].isnan().item<bool>());
    CHECK(scales[1].isinf().item<bool>());
    CHECK(scales[2].isfinite().item<bool>());
  }
}

TEST_CASE("int8: a product equals its exact twin to the bit, whatever its size") {
  if (missing()) return;
  for (const std::int64_t rows : {1, 7, 256, 257, 600}) {
    for (const auto& [out, in] : {std::pair<std::int64_t, std::int64_t>{1, 64},
                                  {1, 1},
                                  {64, 64},
                                  {65, 100},
                                  {200, 4160},
                                  {63, 8256},
                                  {130, 320}}) {
      for (const auto dtype : {at::kFloat, at::kBFloat16}) {
        INFO(rows << " rows, [" << out << ", " << in << "], " << c10::toString(dtype));
        const StoredWeight weight = random_codes(out, in, in % 64 == 0 ? 64 : 0);
        const at::Tensor x = hard_rows(rows, in).to(dtype);
        const at::Tensor expected =
            twin::multiply(twin::quantise_rows(x, weight.rotation), weight.data.view(at::kChar), weight.scale, dtype);
        CHECK(same_bits(int8_weight(weight, {}, workspace())->forward(x, {}), expected));
      }
    }
  }
}

TEST_CASE("int8: the largest sums that there can be don't overflow") {
  if (missing()) return;
  const std::int64_t columns = kInt8Columns;
  StoredWeight weight = random_codes(2, columns, 0);
  weight.data[0].fill_(128);  // -128
  weight.data[1].fill_(127);
  weight.scale.fill_(1.0);
  const at::Tensor x = at::full({1, columns}, 127.0F);
  const at::Tensor out = int8_weight(weight, {}, workspace())->forward(x, {});
  CHECK(out.equal(at::tensor({-128.0F * 127.0F * 65536.0F, 127.0F * 127.0F * 65536.0F}).unsqueeze(0)));
  CHECK_FALSE(fits_int8(random_codes(1, columns + 1, 0)));
}

TEST_CASE("int8: the number of threads doesn't change a product") {
  if (missing()) return;
  const auto weight = int8_weight(dense(at::randn({320, 384})), {}, workspace());
  const at::Tensor x = at::randn({2, 300, 384});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = weight->forward(x, {});
  at::set_num_threads(3);
  const at::Tensor three = weight->forward(x, {});
  at::set_num_threads(threads);
  CHECK(same_bits(one, three));
}

TEST_CASE("int8: a quantised dense weight multiplies as the dense one, within a bound") {
  if (missing()) return;
  const at::Tensor w = at::randn({192, 640}) / 25.0, x = at::randn({2, 40, 640}), bias = at::randn({192});
  const at::Tensor expected = at::linear(x, w, bias);
  CHECK(relative_l2(int8_weight(dense(w), {}, workspace())->forward(x, bias), expected) < 0.015);
  CHECK(relative_l2(int8_weight(dense(w), {}, workspace())->forward(x, bias), expected) > 0.0005);
  const auto half = int8_weight(dense(w.to(at::kBFloat16)), {}, workspace());
  const at::Tensor out = half->forward(x.to(at::kBFloat16), bias.to(at::kBFloat16));
  CHECK(out.scalar_type() == at::kBFloat16);
  CHECK(out.sizes() == expected.sizes());
  CHECK(relative_l2(out, expected) < 0.015);
  // A view that isn't contiguous, as attention may give.
  const at::Tensor turned = x.transpose(0, 1);
  CHECK(relative_l2(int8_weight(dense(w), {}, workspace())->forward(turned, {}), at::linear(turned, w)) < 0.015);
}

TEST_CASE("int8: rows of zeros and rows of very different sizes keep what they are") {
  if (missing()) return;
  at::Tensor w = at::randn({70, 256}), x = at::randn({4, 256});
  w[3].zero_();
  w[69].mul_(1e20);
  x[1].zero_();
  x[2].mul_(1e10);
  const at::Tensor out = int8_weight(dense(w), {}, workspace())->forward(x, {});
  const at::Tensor expected = at::linear(x, w);
  CHECK(out[1].eq(0).all().item<bool>());
  CHECK(out.select(1, 3).eq(0).all().item<bool>());
  for (const std::int64_t row : {0, 2, 3}) {
    CHECK(relative_l2(out[row].narrow(0, 0, 69), expected[row].narrow(0, 0, 69)) < 0.03);
    // One number may be near zero, so its error is compared with what such a product is on average.
    const at::Tensor usual = x[row].norm() * w[69].norm() / 16.0;
    CHECK(((out[row][69] - expected[row][69]).abs() / usual).item<double>() < 0.1);
  }
  x[0][5] = kNaN;
  CHECK_FALSE(int8_weight(dense(w), {}, workspace())->forward(x, {})[0].isfinite().any().item<bool>());
}

TEST_CASE("int8: stored int8 keeps its codes, with one scale or one a row, and rotated or not") {
  if (missing()) return;
  for (const std::int64_t rotation : {0, 16, 64, 256}) {
    INFO("rotation " << rotation);
    const at::Tensor w = at::randn({80, 512}) / 22.0, x = at::randn({30, 512});
    StoredWeight stored = rotation > 0 ? quantise_int8(w) : random_codes(80, 512, 0);
    if (rotation > 0)
      stored = {.encoding = Encoding::kInt8,
                .shape = stored.shape,
                .data = stored.data,
                .scale = stored.scale,
                .rotation = rotation};  // the same codes, read otherwise
    for (const bool one_scale : {false, true}) {
      if (one_scale) stored.scale = at::tensor(0.02F).squeeze();
      const at::Tensor numbers = dequantise(stored, at::kFloat);
      // Only the activation is rounded, so the error is about half of what it is for a dense weight.
      CHECK(relative_l2(int8_weight(stored, {}, workspace())->forward(x, {}), at::linear(x, numbers)) < 0.01);
    }
    // An outlier among the columns takes the others' bits, unless the rotation spreads it.
    at::Tensor hard = x.clone();
    hard.select(1, 7).mul_(300.0);
    const double error = relative_l2(int8_weight(stored, {}, workspace())->forward(hard, {}),
                                     at::linear(hard, dequantise(stored, at::kFloat)));
    CHECK((rotation > 0) == (error < 0.02));
  }
}

TEST_CASE("int8: a column scale is part of the numbers") {
  if (missing()) return;
  StoredWeight stored = random_codes(64, 128, 0);
  stored.column_scale = at::rand({128}) + 0.5;
  const at::Tensor x = at::randn({5, 128});
  const at::Tensor expected = at::linear(x, dequantise(stored, at::kFloat));
  CHECK(relative_l2(int8_weight(stored, {}, workspace())->forward(x, {}), expected) < 0.015);
}

TEST_CASE("int8: Q8_0 is quantised again a row") {
  if (missing()) return;
  const at::Tensor w = at::randn({1100, 192}) / 14.0, x = at::randn({20, 192});  // more rows than are read at once
  const StoredWeight stored = q8_0(w);
  REQUIRE(relative_l2(dequantise(stored, at::kFloat), w) < 0.006);
  CHECK(relative_l2(int8_weight(stored, {}, workspace())->forward(x, {}), at::linear(x, w)) < 0.018);
}

TEST_CASE("int8: the placement and the weight's use decide, on the CPU") {
  const Placement plain, int8{.int8 = true};
  const StoredWeight weight = dense(at::randn({64, 64}));
  CHECK(refers_to_stored(weight, {}, plain, WeightUse::kBulk));
  CHECK(refers_to_stored(weight, {}, int8, WeightUse::kPrecise));
  CHECK(refers_to_stored(weight, {}, int8, WeightUse::kOneRow));
  CHECK(refers_to_stored(weight, {}, int8, WeightUse::kTensor));
  CHECK_FALSE(refers_to_stored(weight, {}, int8, WeightUse::kBulk));
  CHECK_FALSE(refers_to_stored(random_codes(64, 64, 0), {}, int8, WeightUse::kBulk));
  if (missing()) return;
  const at::Tensor x = at::randn({3, 64});
  const auto out = [&](WeightUse use) {
    return make_linear_weight(weight, {}, int8, use, workspace())->forward(x, {});
  };
  CHECK(out(WeightUse::kPrecise).equal(at::linear(x, weight.data)));
  CHECK(out(WeightUse::kOneRow).equal(at::linear(x, weight.data)));
  CHECK_FALSE(out(WeightUse::kBulk).equal(at::linear(x, weight.data)));
}

TEST_CASE("int8: changes of a weight are made before it is quantised, and products stay beside a quantised one") {
  if (missing()) return;
  const Placement placement{.int8 = true};
  const at::Tensor w = at::randn({96, 128}) / 11.0, x = at::randn({10, 128});
  const LowRank product{at::randn({96, 4}) / 5.0, at::randn({4, 128}) / 5.0};
  const at::Tensor difference = at::randn({96, 128}) / 11.0;
  const WeightChanges both{difference_change(difference, 0.5), low_rank_change(product)};
  for (const StoredWeight& stored : {dense(w), dense(w.to(at::kBFloat16)), q8_0(w), random_codes(96, 128, 64)}) {
    const at::Tensor numbers = dequantise(stored, at::kFloat);
    const at::Tensor changed = numbers + difference * 0.5 + at::matmul(product.up, product.down);
    const auto weight = make_linear_weight(stored, both, placement, WeightUse::kBulk, workspace());
    CHECK(relative_l2(weight->forward(x, {}), at::linear(x, changed)) < 0.02);
    CHECK(relative_l2(at::linear(x, numbers), at::linear(x, changed)) > 0.1);
  }
}

TEST_CASE("int8: a weight that stays as it is stored multiplies to the same bits") {
  const Placement held{.int8 = true}, streamed{.int8 = true, .as_stored = true};
  // More rows than are quantised at once, and a last part that fills no block.
  const at::Tensor w = at::randn({1100, 192}) / 14.0, x = at::randn({2, 20, 192}), bias = at::randn({1100});
  CHECK(refers_to_stored(dense(w), {}, streamed, WeightUse::kBulk));
  CHECK(refers_to_stored(q8_0(w), {}, streamed, WeightUse::kBulk));
  if (missing()) return;
  const LowRank product{at::randn({1100, 4}) / 5.0, at::randn({4, 192}) / 5.0};
  const WeightChanges both{difference_change(at::randn({1100, 192}) / 14.0, 0.5), low_rank_change(product)};
  StoredWeight scaled = random_codes(1100, 192, 0);
  scaled.column_scale = at::rand({192}) + 0.5;
  for (const StoredWeight& stored :
       {dense(w), dense(w.to(at::kBFloat16)), q8_0(w), random_codes(1100, 192, 64), scaled}) {
    for (const WeightChanges& changes : {WeightChanges{}, both}) {
      const auto out = [&](const Placement& placement) {
        return make_linear_weight(stored, changes, placement, WeightUse::kBulk, workspace())->forward(x, bias);
      };
      CHECK(same_bits(out(held), out(streamed)));
    }
  }
}

TEST_CASE("int8: a layer's bytes are counted with their padding") {
  CHECK(int8_bytes(3840, 10240) == 3840U * 10240U + 3840U * 8U);
  CHECK(int8_bytes(1, 1) == 64U * 64U + 64U * 8U);
  CHECK(Int8Matrix(130, 100, 0).bytes() == int8_bytes(130, 100));
}

}  // namespace
}  // namespace zimage::nn

// Quantising and reading back loses no more than half a step of the format.
#include "nn/quantised/quantise.h"

#include <ATen/ATen.h>

#include <cmath>

#include "nn/finite.h"
#include "nn/quantised/dequantise.h"
#include "support/catch.h"

namespace zimage::nn {
namespace {

/// Half a step, and room for the product by the scale in fp32.
constexpr double kHalf = 0.5 + 1e-4;

at::Tensor random_matrix(std::int64_t rows, std::int64_t columns) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  return at::randn({rows, columns}, generator, at::kFloat) * 0.02;
}

at::Tensor back(const StoredWeight& weight) { return dequantise(weight, at::kFloat); }

double largest(const at::Tensor& tensor) { return tensor.abs().max().item<double>(); }

/// Multiplies groups of columns by the matrix that convrot uses, from its definition: H(i, j) is the product over the
/// base-4 digits of i and j of H4, which is −1 where the two digits add up to 3 and 1 elsewhere.
at::Tensor rotated(const at::Tensor& weight, std::int64_t group) {
  at::Tensor matrix = at::empty({group, group}, at::kDouble);
  auto* values = matrix.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < group; ++i) {
    for (std::int64_t j = 0; j < group; ++j) {
      double sign = 1.0;
      for (std::int64_t a = i, b = j, n = group; n > 1; a /= 4, b /= 4, n /= 4) {
        if (a % 4 + b % 4 == 3) sign = -sign;
      }
      values[i * group + j] = sign / std::sqrt(static_cast<double>(group));
    }
  }
  return at::matmul(weight.to(at::kDouble).view({-1, group}), matrix).view(weight.sizes());
}

}  // namespace

TEST_CASE("the group of a rotation is the largest that divides the columns") {
  CHECK(rotation_group(3840) == 256);
  CHECK(rotation_group(10240) == 256);
  CHECK(rotation_group(256) == 256);
  CHECK(rotation_group(384) == 64);
  CHECK(rotation_group(160) == 16);
  CHECK(rotation_group(16) == 16);
  CHECK(rotation_group(24) == 0);
  CHECK(rotation_group(7) == 0);
}

TEST_CASE("fp8 loses half a step of each number") {
  const at::Tensor weight = random_matrix(64, 96);
  const StoredWeight stored = quantise_fp8(weight);
  CHECK(stored.encoding == Encoding::kF8E4M3);
  CHECK(stored.scale.dim() == 0);
  CHECK(stored.data.scalar_type() == at::kByte);
  const double scale = stored.scale.item<double>();
  CHECK(scale == Approx(largest(weight) / 448.0));
  // Three bits follow the leading one; the smallest step is 2⁻⁹.
  const at::Tensor half = at::maximum(weight.abs() * std::ldexp(1.0, -4), at::full({}, scale * std::ldexp(1.0, -10)));
  CHECK(((back(stored) - weight).abs() <= half * (1 + 1e-5)).all().item<bool>());
  CHECK(largest(back(stored)) == Approx(largest(weight)));
}

TEST_CASE("int8 loses half a step of its row, in the rotated columns") {
  for (const std::int64_t columns : {512, 384, 160, 24}) {
    INFO(columns);
    const at::Tensor weight = random_matrix(48, columns);
    const StoredWeight stored = quantise_int8(weight);
    CHECK(stored.encoding == Encoding::kInt8);
    CHECK(stored.rotation == rotation_group(columns));
    CHECK(stored.scale.sizes().vec() == std::vector<std::int64_t>{48});
    const at::Tensor lost = back(stored) - weight;
    const at::Tensor turned = stored.rotation > 0 ? rotated(lost, stored.rotation) : lost.to(at::kDouble);
    CHECK((turned.abs() <= stored.scale.to(at::kDouble).unsqueeze(1) * kHalf).all().item<bool>());
    // Its error is not zero, so that the bound says something.
    CHECK(largest(lost) > 0.1 * stored.scale.min().item<double>());
  }
}

TEST_CASE("zeros stay zeros, and no scale is zero") {
  at::Tensor weight = random_matrix(8, 64);
  weight.select(0, 3).zero_();
  for (const auto& stored : {quantise_fp8(weight), quantise_int8(weight), quantise_fp8(at::zeros({8, 64})),
                             quantise_int8(at::zeros({8, 64}))}) {
    CHECK((stored.scale > 0).all().item<bool>());
    CHECK(all_finite(stored));
    CHECK((back(stored).select(0, 3) == 0).all().item<bool>());
  }
  CHECK(quantise_int8(weight).scale[3].item<float>() == 1.0f);
}

TEST_CASE("a rotation spreads one huge number, which costs the others less") {
  at::Tensor weight = random_matrix(4, 256);
  weight[1][17] = 10.0;
  const StoredWeight stored = quantise_int8(weight);
  const double lost = (back(stored)[1] - weight[1]).abs().mean().item<double>();
  CHECK(stored.scale[1].item<double>() == Approx(10.0 / 16 / 127).epsilon(0.2));  // 16 is the root of 256
  // Without it, a step would be 10 / 127: all of the row's other numbers would become 0.
  CHECK(lost < 10.0 / 127 / 16);
  CHECK(back(stored)[1][17].item<double>() == Approx(10.0).epsilon(0.01));
  // In fp8 the small ones keep what the large one leaves them.
  const at::Tensor fp8 = back(quantise_fp8(weight));
  CHECK(fp8[1][17].item<double>() == Approx(10.0));
  CHECK(((fp8 - weight).abs() <= at::maximum(weight.abs() / 16, at::full({}, 10.0 / 448 / 1024)) * 1.00001)
            .all()
            .item<bool>());
}

TEST_CASE("the extremes of fp32 quantise to finite numbers") {
  for (const float value : {3e38f, 1e-37f, -3e38f}) {
    const at::Tensor weight = at::full({2, 24}, value);  // no rotation, whose sums would be beyond fp32
    INFO(value);
    for (const auto& stored : {quantise_fp8(weight), quantise_int8(weight)}) {
      CHECK(all_finite(stored));
      CHECK(((back(stored) - weight).abs() <= std::abs(value) * 1e-6).all().item<bool>());
    }
  }
}

}  // namespace zimage::nn

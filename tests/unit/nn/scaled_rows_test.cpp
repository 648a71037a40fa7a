#include "nn/quantised/scaled_rows.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "nn/finite.h"
#include "nn/quantised/dequantise.h"
#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage::nn {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::shared_ptr<const WeightSource> fixtures() {
  return open_weights(std::string(ZIMAGE_SOURCE_DIR) + "/tests/fixtures/quantised/scaled.safetensors").weights;
}

/// Returns the names of the fixtures' weights, without ".weight".
std::vector<std::string> cases(const WeightSource& source) {
  std::vector<std::string> out;
  const std::string end = ".weight";
  for (const std::string& name : source.names()) {
    if (name.ends_with(end)) out.push_back(name.substr(0, name.size() - end.size()));
  }
  return out;
}

/// Returns whether all numbers have the same bits; NaNs are equal to each other.
bool same(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != at::kFloat || b.scalar_type() != at::kFloat) return false;
  const at::Tensor equal = a.contiguous().view(at::kInt).eq(b.contiguous().view(at::kInt));
  return equal.logical_or(a.isnan().logical_and(b.isnan())).all().item<bool>();
}

/// Makes a weight of zeros, with scales of 1.
StoredWeight zeros(Encoding encoding, std::int64_t rows, std::int64_t columns) {
  StoredWeight weight;
  weight.encoding = encoding;
  weight.shape = {rows, columns};
  weight.data = at::zeros({rows, columns / info_of(encoding).block_values}, at::kByte);
  if (encoding == Encoding::kNVFP4) weight.block_scale = at::full({128, 4}, 0x38, at::kByte);
  if (encoding == Encoding::kMXFP8) weight.block_scale = at::full({128, 4}, 127, at::kByte);
  if (encoding != Encoding::kMXFP8) weight.scale = at::ones({});
  return weight;
}

/// Returns whether all numbers are finite, of which a device's flag must never know less.
bool finite(const StoredWeight& weight) {
  const bool known = all_finite(weight);
  FiniteFlag flag;
  flag.add(weight);
  if (!known) CHECK_FALSE(flag.finite());
  return known;
}

constexpr Encoding kAll[] = {Encoding::kF8E4M3, Encoding::kF8E5M2, Encoding::kInt8, Encoding::kNVFP4, Encoding::kMXFP8};

TEST_CASE("every fixture stands for the numbers that torch, numpy and comfy-kitchen give, to the bit") {
  const auto source = fixtures();
  const auto names = cases(*source);
  REQUIRE(names.size() == 18);
  for (const std::string& name : names) {
    INFO(name);
    REQUIRE(source->find(name + ".weight")->problem.empty());
    const at::Tensor expected = source->stored(name + ".expected").data.to(at::kFloat);
    const StoredWeight weight = source->stored(name + ".weight");
    CHECK(same(dequantise(weight, at::kFloat), expected));
    CHECK(same(twin::dequantise(weight), expected));
    CHECK(dequantise(weight, at::kBFloat16).nan_to_num().equal(expected.to(at::kBFloat16).nan_to_num()));
    CHECK(finite(weight) == expected.isfinite().all().item<bool>());
    FiniteFlag flag;
    flag.add(weight);
    CHECK(flag.finite() == expected.isfinite().all().item<bool>());
  }
}

TEST_CASE("rows of a part of a weight are rows of the whole") {
  const auto source = fixtures();
  for (const std::string& name : cases(*source)) {
    INFO(name);
    const StoredWeight weight = source->stored(name + ".weight");
    const at::Tensor whole = dequantise(weight, at::kFloat);
    const std::int64_t rows = weight.row_count();
    for (const std::int64_t begin : {std::int64_t{0}, rows / 2, rows - 1}) {
      const StoredWeight part = weight.rows(begin, rows - begin);
      CHECK(same(dequantise(part, at::kFloat), whole.narrow(0, begin, rows - begin)));
      CHECK(same(twin::dequantise(part), whole.narrow(0, begin, rows - begin)));
      at::Tensor one = at::empty({1, weight.columns()});
      dequantise_rows(part, rows - begin - 1, 1, one);
      CHECK(same(one, whole.narrow(0, rows - 1, 1)));
    }
  }
}

TEST_CASE("rotating a weight twice gives it back") {
  StoredWeight weight = zeros(Encoding::kInt8, 2, 256);
  weight.rotation = 64;
  weight.data = at::randint(-100, 100, {2, 256}, at::kChar).view(at::kByte);
  weight.scale = at::tensor({1.0F, 2.0F});
  // The rotation's factor is 1/8, so that all numbers on the way have few bits and are exact.
  const at::Tensor turned = dequantise(weight, at::kFloat);
  const at::Tensor plain = weight.data.view(at::kChar).to(at::kFloat) * weight.scale.unsqueeze(1);
  CHECK_FALSE(same(turned, plain));
  CHECK(turned.norm().item<double>() == Approx(plain.norm().item<double>()));
  const std::vector<float> signs = {1, 1, 1, -1, 1, 1, -1, 1, 1, -1, 1, 1, -1, 1, 1, 1};
  const at::Tensor h4 = at::tensor(signs).view({4, 4});
  const at::Tensor h = at::kron(at::kron(h4, h4), h4) / 8;
  CHECK(same(turned.view({2, 4, 64}).matmul(h).view({2, 256}), plain));
}

TEST_CASE("E8M0 scales are powers of two from 2^-127 on, and 0xFF is NaN") {
  StoredWeight weight = zeros(Encoding::kMXFP8, 4, 32);
  weight.data.fill_(0x38);  // 1.0
  const std::uint8_t bytes[] = {0, 1, 254, 255};
  for (int row = 0; row < 4; ++row) weight.block_scale.view(-1)[16 * row] = bytes[row];
  const at::Tensor values = dequantise(weight, at::kFloat);
  CHECK(values[0][31].item<float>() == 0x1p-127F);
  CHECK(values[1][31].item<float>() == 0x1p-126F);
  CHECK(values[2][31].item<float>() == 0x1p127F);
  CHECK(std::isnan(values[3][31].item<float>()));
  CHECK(same(twin::dequantise(weight), values));
  CHECK_FALSE(finite(weight));
  CHECK(finite(weight.rows(0, 3)));
}

TEST_CASE("a scale that is not finite is found in every encoding, even if it multiplies zeros alone") {
  for (const Encoding encoding : kAll) {
    for (const float bad : {kNaN, kInfinity, -kInfinity}) {
      INFO(info_of(encoding).name << " " << bad);
      StoredWeight weight = zeros(encoding, 40, 64);
      CHECK(finite(weight));
      if (encoding != Encoding::kMXFP8) {
        weight.scale = at::full({}, bad);
        CHECK_FALSE(finite(weight));
      }
      if (encoding != Encoding::kMXFP8 && encoding != Encoding::kNVFP4) {
        weight.scale = at::ones({40});
        CHECK(finite(weight));
        weight.scale[39] = bad;
        CHECK_FALSE(finite(weight));
        CHECK(finite(weight.rows(0, 39)));
      }
      weight = zeros(encoding, 40, 64);
      weight.column_scale = at::ones({64});
      CHECK(finite(weight));
      weight.column_scale[63] = bad;
      CHECK_FALSE(finite(weight));
    }
  }
  StoredWeight rotated = zeros(Encoding::kInt8, 2, 64);
  rotated.rotation = 16;
  rotated.scale = at::full({2}, kNaN);
  CHECK_FALSE(finite(rotated));
  for (const Encoding encoding : {Encoding::kNVFP4, Encoding::kMXFP8}) {
    const std::uint8_t bad = encoding == Encoding::kNVFP4 ? 0x7F : 0xFF;
    StoredWeight weight = zeros(encoding, 40, 64);
    weight.block_scale.view(-1)[39 % 32 * 16 + 39 / 32 * 4 + 1] = bad;  // row 39, block 1
    CHECK_FALSE(finite(weight));
    CHECK(finite(weight.rows(0, 39)));
    weight = zeros(encoding, 40, 64);
    weight.block_scale.view(-1)[40 % 32 * 16 + 40 / 32 * 4] = bad;  // row 40 is padding
    CHECK(finite(weight));
  }
}

TEST_CASE("codes that are not finite are found, and so are products that overflow") {
  for (const auto& [encoding, code, good] : {std::tuple{Encoding::kF8E4M3, 0x7F, 0x7E},
                                             {Encoding::kF8E4M3, 0xFF, 0xFE},
                                             {Encoding::kMXFP8, 0xFF, 0xFE},
                                             {Encoding::kF8E5M2, 0x7C, 0x7B},
                                             {Encoding::kF8E5M2, 0xFC, 0xFB},
                                             {Encoding::kF8E5M2, 0x7F, 0x7A}}) {
    INFO(info_of(encoding).name << " " << code);
    StoredWeight weight = zeros(encoding, 3, 64);
    weight.data[2][63] = good;
    CHECK(finite(weight));
    weight.data[2][63] = code;
    CHECK_FALSE(finite(weight));
  }
  StoredWeight weight = zeros(Encoding::kF8E4M3, 2, 32);
  weight.scale = at::full({}, 1e37F);
  weight.data[1][31] = 0x38;  // 1.0
  CHECK(finite(weight));
  weight.data[1][31] = 0x7E;  // 448.0
  CHECK_FALSE(finite(weight));
}

}  // namespace
}  // namespace zimage::nn

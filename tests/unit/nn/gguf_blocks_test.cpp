// scripts/make_gguf_fixtures.py makes tests/fixtures/gguf with the package `gguf`, whose numbers are expected here to
// the last bit.
#include "nn/quantised/gguf_blocks.h"

#include <ATen/ATen.h>

#include <bit>
#include <limits>

#include "nn/finite.h"
#include "nn/quantised/dequantise.h"
#include "support/catch.h"
#include "support/files.h"
#include "weights/formats/safetensors.h"
#include "weights/open_weights.h"

using namespace zimage;
using namespace zimage::test;

namespace {

const std::filesystem::path kFolder = std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests/fixtures/gguf";

std::vector<Encoding> gguf_encodings() {
  std::vector<Encoding> encodings;
  for (int i = 0; i <= static_cast<int>(Encoding::kIQ4_XS); ++i) {
    if (is_gguf_block(static_cast<Encoding>(i))) encodings.push_back(static_cast<Encoding>(i));
  }
  return encodings;
}

/// Rows of blocks, uint8 [rows, bytes], and what the package makes of them, fp32 [rows, values].
struct Sample {
  at::Tensor data;
  at::Tensor values;
};

at::Tensor tensor_of(const Bytes& file, const SafetensorsEntry& entry, at::ScalarType dtype) {
  at::Tensor tensor = at::empty(entry.shape, dtype);
  std::memcpy(tensor.mutable_data_ptr(), file.data() + entry.begin, entry.end - entry.begin);
  return tensor;
}

Sample sample_of(Encoding encoding) {
  static const Bytes file = read(kFolder / "blocks.safetensors");
  static const SafetensorsHeader header = parse_safetensors(file, "blocks.safetensors");
  const std::string name = info_of(encoding).name;
  return {tensor_of(file, header.tensors.at(name + ".bytes"), at::kByte),
          tensor_of(file, header.tensors.at(name + ".values"), at::kFloat)};
}

void check_bits(const at::Tensor& made, const at::Tensor& expected) {
  REQUIRE(made.sizes() == expected.sizes());
  REQUIRE(made.scalar_type() == at::kFloat);
  const at::Tensor a = made.contiguous(), b = expected.contiguous();
  const float* x = a.const_data_ptr<float>();
  const float* y = b.const_data_ptr<float>();
  std::int64_t different = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) {
    if (std::bit_cast<std::uint32_t>(x[i]) == std::bit_cast<std::uint32_t>(y[i])) continue;
    if (different++ == 0) UNSCOPED_INFO("value " << i << " is " << x[i] << ", not " << y[i]);
  }
  CHECK(different == 0);
}

at::Tensor kernel(Encoding encoding, const at::Tensor& data, std::int64_t columns) {
  at::Tensor out = at::empty({data.size(0), columns}, at::kFloat);
  for (std::int64_t row = 0; row < data.size(0); ++row) {
    nn::cpu::dequantise_gguf_row(encoding, data.const_data_ptr<std::uint8_t>() + row * data.size(1),
                                 out.mutable_data_ptr<float>() + row * columns, columns);
  }
  return out;
}

}  // namespace

TEST_CASE("gguf blocks: kernel and twin give the package's numbers, bit for bit") {
  const std::vector<Encoding> encodings = gguf_encodings();
  CHECK(encodings.size() == 12);
  for (const Encoding encoding : encodings) {
    INFO(info_of(encoding).name);
    const Sample sample = sample_of(encoding);
    REQUIRE(sample.data.size(0) == 6);
    REQUIRE(sample.values.size(1) % info_of(encoding).block_values == 0);
    check_bits(kernel(encoding, sample.data, sample.values.size(1)), sample.values);
    check_bits(nn::twin::dequantise_gguf(encoding, sample.data), sample.values);
    // A single row, which begins where the storage doesn't, and rows that don't follow each other.
    check_bits(nn::twin::dequantise_gguf(encoding, sample.data.narrow(0, 3, 1)), sample.values.narrow(0, 3, 1));
    check_bits(nn::twin::dequantise_gguf(encoding, sample.data.slice(0, 0, 6, 2)), sample.values.slice(0, 0, 6, 2));
    CHECK(nn::twin::dequantise_gguf(encoding, sample.data.narrow(0, 0, 0)).sizes() ==
          at::IntArrayRef({0, sample.values.size(1)}));
  }
}

TEST_CASE("gguf blocks: bytes need no alignment") {
  for (const Encoding encoding : gguf_encodings()) {
    INFO(info_of(encoding).name);
    const Sample sample = sample_of(encoding);
    Bytes moved(static_cast<std::size_t>(sample.data.size(1)) + 1);
    std::memcpy(moved.data() + 1, sample.data.const_data_ptr(), moved.size() - 1);
    at::Tensor out = at::empty({1, sample.values.size(1)}, at::kFloat);
    nn::cpu::dequantise_gguf_row(encoding, moved.data() + 1, out.mutable_data_ptr<float>(), out.size(1));
    check_bits(out, sample.values.narrow(0, 0, 1));
  }
}

TEST_CASE("gguf blocks: every finite fp16 scale is converted exactly") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    if ((bits & 0x7C00U) == 0x7C00U) continue;
    Bytes block(34);
    block[0] = static_cast<std::uint8_t>(bits);
    block[1] = static_cast<std::uint8_t>(bits >> 8);
    block[2] = 1;
    std::array<float, 32> out{};
    nn::cpu::dequantise_gguf_row(Encoding::kQ8_0, block.data(), out.data(), 32);
    const float expected = c10::Half(static_cast<std::uint16_t>(bits), c10::Half::from_bits());
    if (std::bit_cast<std::uint32_t>(out[0]) != std::bit_cast<std::uint32_t>(expected)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("gguf blocks: a row is finite if its scales are") {
  // Where the fp16 numbers of a block are.
  const std::map<Encoding, std::vector<std::size_t>> kHalves = {
      {Encoding::kQ4_0, {0}},    {Encoding::kQ4_1, {0, 2}},   {Encoding::kQ5_0, {0}},   {Encoding::kQ5_1, {0, 2}},
      {Encoding::kQ8_0, {0}},    {Encoding::kQ2_K, {80, 82}}, {Encoding::kQ3_K, {108}}, {Encoding::kQ4_K, {0, 2}},
      {Encoding::kQ5_K, {0, 2}}, {Encoding::kQ6_K, {208}},    {Encoding::kIQ4_NL, {0}}, {Encoding::kIQ4_XS, {0}}};
  for (const Encoding encoding : gguf_encodings()) {
    INFO(info_of(encoding).name);
    const EncodingInfo& info = info_of(encoding);
    const auto size = static_cast<std::size_t>(info.block_bytes);
    // Quants of all ones; their scales are 0.
    Bytes row(3 * size, 0xFF);
    const auto set = [&](std::size_t block, std::size_t at, std::uint16_t bits) {
      row[block * size + at] = static_cast<std::uint8_t>(bits);
      row[block * size + at + 1] = static_cast<std::uint8_t>(bits >> 8);
    };
    const auto finite = [&] {
      const bool said = nn::cpu::gguf_row_finite(encoding, row.data(), 3 * info.block_values);
      std::vector<float> values(static_cast<std::size_t>(3 * info.block_values));
      nn::cpu::dequantise_gguf_row(encoding, row.data(), values.data(), 3 * info.block_values);
      // A device's flag knows it too.
      const at::Tensor bytes = at::from_blob(row.data(), {1, static_cast<std::int64_t>(row.size())}, at::kByte);
      nn::FiniteFlag flag;
      flag.add(StoredWeight{.encoding = encoding, .shape = {1, 3 * info.block_values}, .data = bytes});
      CHECK(flag.finite() == said);
      for (const float value : values) {
        if (!std::isfinite(value)) return said ? throw std::logic_error("a number isn't finite") : false;
      }
      return said;
    };
    for (std::size_t block = 0; block < 3; ++block) {
      for (const auto at : kHalves.at(encoding)) set(block, at, 0);
    }
    CHECK(finite());
    for (std::size_t block = 0; block < 3; ++block) {
      for (const auto at : kHalves.at(encoding)) {
        for (const std::uint16_t bad : {0x7C00, 0xFC00, 0x7C01, 0x7E00, 0xFFFF}) {
          set(block, at, bad);
          CHECK_FALSE(finite());
        }
        for (const std::uint16_t good : {0x7BFF, 0xFBFF, 0x0001, 0x8000}) {
          set(block, at, good);
          CHECK(finite());
        }
      }
    }
  }
}

TEST_CASE("gguf blocks: a file that the package wrote has its numbers") {
  const auto weights = open_weights(kFolder / "small.gguf").weights;
  const auto expected = open_weights(kFolder / "small.safetensors").weights;
  CHECK(expected->names().size() == 7);
  for (const std::string& name : expected->names()) {
    if (!weights->find(name)->problem.empty()) continue;
    INFO(name);
    check_bits(nn::dequantise(weights->stored(name), at::kFloat), expected->stored(name).data);
  }
  const StoredWeight mixed = weights->stored("mixed.weight");
  check_bits(nn::dequantise(mixed.rows(1, 1), at::kFloat), expected->stored("mixed.weight").data.narrow(0, 1, 1));
  CHECK(nn::dequantise(mixed, at::kBFloat16).equal(expected->stored("mixed.weight").data.to(at::kBFloat16)));
}

// The portable kernels stay within their rows and write all of what they promise. This file knows no libtorch, so it is
// also built with the address and the undefined-behaviour sanitiser (tests/CMakeLists.txt): every buffer is exactly as
// long as it must be.
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "nn/kernels/cpu_rows.h"
#include "support/catch.h"

namespace zimage::nn::kernels {
namespace {

/// Bytes at the end of an allocation, `offset` behind an address that packs want.
class Buffer {
 public:
  explicit Buffer(i64 bytes, i64 offset = 0)
      : size_(static_cast<std::size_t>(bytes)),
        offset_(static_cast<std::size_t>(offset)),
        data_(std::make_unique<u8[]>(size_ + offset_)) {
    static std::minstd_rand random(7);
    for (std::size_t i = 0; i < size_ + offset_; ++i) data_[i] = static_cast<u8>(random() >> 8);
  }
  u8* data() const { return data_.get() + offset_; }
  float* floats() const { return reinterpret_cast<float*>(data()); }
  void fill(u8 byte) const { std::memset(data(), byte, size_); }
  std::vector<u8> bytes() const { return {data(), data() + size_}; }

 private:
  std::size_t size_, offset_;
  std::unique_ptr<u8[]> data_;
};

constexpr ElementId kElements[] = {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf};

i64 size_of(ElementId element) { return element == ElementId::kFloat ? 4 : 2; }

/// Runs a kernel with all numbers of lanes. What it writes mustn't depend on what was there.
template <class Args>
void check_writes(KernelId kernel, ElementId element, i64 rows, i64 width, const Args& args, const Buffer& out) {
  for (const i64 lanes : {1, 32, 64, 128, 256, 512, 1024}) {
    INFO(info_of(kernel).name << " of " << width << ", " << lanes << " lanes");
    const Launch launch = launch_of(kernel, element, rows, width, args);
    out.fill(0x00);
    run_rows(launch, lanes, 0, rows);
    const std::vector<u8> first = out.bytes();
    out.fill(0xFF);
    run_rows(launch, lanes, 0, rows);
    CHECK(out.bytes() == first);
  }
}

TEST_CASE("norms stay within their rows and write all of them", "[kernels]") {
  const i64 rows = 3, dim = GENERATE(1, 3, 31, 33, 100, 128, 130, 1028), apart = GENERATE(0, 3, 4);
  for (const ElementId element : kElements) {
    const i64 size = size_of(element), stride = dim + apart;
    for (const i64 offset : {i64{0}, size}) {
      const Buffer x(((rows - 1) * stride + dim) * size, offset), y(((rows - 1) * stride + dim) * size);
      const Buffer weight(dim * size), scale(dim * size, offset), out(rows * dim * size);
      check_writes(KernelId::kNorm, element, rows, dim,
                   NormArgs{x.data(), weight.data(), scale.data(), out.data(), dim, stride, dim, 1e-5F}, out);
      check_writes(KernelId::kNorm, element, rows, dim,
                   NormArgs{x.data(), weight.data(), nullptr, out.data(), dim, stride, dim, 1e-5F}, out);
      check_writes(KernelId::kLayerNorm, element, rows, dim,
                   LayerNormArgs{x.data(), scale.data(), out.data(), dim, stride, dim, 1e-6F}, out);
      check_writes(KernelId::kSwiglu, element, rows, dim,
                   SwigluArgs{x.data(), y.data(), out.data(), dim, stride, stride, dim}, out);
      const AddGatedNormArgs add{x.data(), y.data(), weight.data(), scale.data(), dim, stride, stride, 1e-5F};
      run_rows(launch_of(KernelId::kAddGatedNorm, element, rows, dim, add), 64, 0, rows);
      const AddGatedNormThenNormArgs both{add, weight.data(), scale.data(), out.data(), dim, 1e-5F};
      run_rows(launch_of(KernelId::kAddGatedNormThenNorm, element, rows, dim, both), 64, 0, rows);
    }
  }
}

TEST_CASE("the quantiser of fp8 stays within its rows and writes all of them", "[kernels]") {
  const i64 rows = 3, width = GENERATE(1, 3, 31, 33, 100, 128, 130, 1028), apart = GENERATE(0, 3, 4);
  for (const ElementId element : kElements) {
    const i64 size = size_of(element), stride = width + apart;
    for (const i64 offset : {i64{0}, size}) {
      const Buffer x(((rows - 1) * stride + width) * size, offset);
      const Buffer codes((rows - 1) * stride + width), scale(rows * 4);
      const QuantiseFp8Args args{x.data(), codes.data(), scale.floats(), width, stride, stride};
      check_writes(KernelId::kQuantiseFp8, element, rows, width, args, scale);
      if (apart == 0) check_writes(KernelId::kQuantiseFp8, element, rows, width, args, codes);
    }
  }
}

TEST_CASE("norm_rope stays within its heads and writes all of them", "[kernels]") {
  const i64 tokens = 3, dim = GENERATE(2, 6, 16, 30, 128), q_heads = 3, k_heads = GENERATE(0, 2),
            apart = GENERATE(0, 1);
  for (const ElementId element : kElements) {
    const i64 size = size_of(element), all = q_heads + k_heads, stride = all * dim + apart;
    const Buffer x(((tokens - 1) * stride + all * dim) * size), out(tokens * all * dim * size);
    const Buffer weight(dim * size), rope(tokens * dim * 4);
    const auto heads = [&](i64 first, i64 count) {
      return HeadsArgs{x.data() + first * dim * size,
                       out.data() + first * dim * size,
                       weight.data(),
                       count,
                       stride,
                       dim,
                       all * dim,
                       dim};
    };
    const NormRopeArgs args{heads(0, q_heads), heads(q_heads, k_heads), rope.floats(), tokens, dim, 1e-5F};
    check_writes(KernelId::kNormRope, element, tokens * all, dim, args, out);
  }
}

TEST_CASE("group_norm stays within its map and writes all of it", "[kernels]") {
  const i64 images = 2, cells = GENERATE(1, 5, 64, 67), part_cells = GENERATE(1, 4, 64);
  const i64 channels = GENERATE(4, 6, 33, 128), groups = channels % 4 == 0 ? channels / 4 : 3;
  const i64 parts = (cells + part_cells - 1) / part_cells;
  for (const ElementId element : kElements) {
    const i64 size = size_of(element);
    const Buffer x(images * cells * channels * size), weight(channels * size), bias(channels * size);
    const Buffer sums(images * parts * 2 * channels * 4), affine(images * 2 * channels * 4);
    const Buffer out(images * cells * channels * size);
    check_writes(KernelId::kGroupNormParts, element, images * parts, channels,
                 GroupNormPartsArgs{x.data(), sums.floats(), channels, cells, part_cells}, sums);
    check_writes(KernelId::kGroupNormAffine, element, images * groups, parts * (channels / groups),
                 GroupNormAffineArgs{sums.floats(), weight.data(), bias.data(), affine.floats(), channels, groups,
                                     cells, part_cells, 1e-6F},
                 affine);
    check_writes(KernelId::kGroupNormApply, element, images * cells, channels,
                 GroupNormApplyArgs{x.data(), affine.floats(), out.data(), channels, cells, 1, 1}, out);
  }
}

struct Unpacker {
  KernelId kernel;
  i64 values, bytes;
};

TEST_CASE("unpackers stay within their rows and write all of them", "[kernels]") {
  const auto unpacker = GENERATE(Unpacker{KernelId::kUnpackF8E4M3, 1, 1}, Unpacker{KernelId::kUnpackF8E5M2, 1, 1},
                                 Unpacker{KernelId::kUnpackInt8, 1, 1}, Unpacker{KernelId::kUnpackQ4_0, 32, 18},
                                 Unpacker{KernelId::kUnpackQ4_1, 32, 20}, Unpacker{KernelId::kUnpackQ5_0, 32, 22},
                                 Unpacker{KernelId::kUnpackQ5_1, 32, 24}, Unpacker{KernelId::kUnpackQ8_0, 32, 34},
                                 Unpacker{KernelId::kUnpackQ2_K, 256, 84}, Unpacker{KernelId::kUnpackQ3_K, 256, 110},
                                 Unpacker{KernelId::kUnpackQ4_K, 256, 144}, Unpacker{KernelId::kUnpackQ5_K, 256, 176},
                                 Unpacker{KernelId::kUnpackQ6_K, 256, 210}, Unpacker{KernelId::kUnpackIQ4_NL, 32, 18},
                                 Unpacker{KernelId::kUnpackIQ4_XS, 256, 136});
  const i64 rows = 2, blocks = GENERATE(1, 3, 64, 100);
  const i64 columns = blocks * unpacker.values, bytes = blocks * unpacker.bytes;
  for (const ElementId element : kElements) {
    for (const i64 offset : {0, 1}) {
      const Buffer data((rows - 1) * (bytes + 1) + bytes, offset), scale(rows * 4), column_scale(columns * 4);
      const Buffer out(rows * columns * size_of(element));
      UnpackArgs args{data.data(), scale.floats(), nullptr, out.data(), columns, bytes + 1, 1, columns, 0, 1.0F};
      if (unpacker.values == 1) args.column_scale = column_scale.floats();
      check_writes(unpacker.kernel, element, rows, columns, args, out);
      if (unpacker.kernel != KernelId::kUnpackInt8 || columns % 4 != 0) continue;
      args.rotation = 4;
      args.rotation_norm = 0.5F;
      check_writes(unpacker.kernel, element, rows, columns, args, out);
    }
  }
}

}  // namespace
}  // namespace zimage::nn::kernels

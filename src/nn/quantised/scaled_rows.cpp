#include "nn/quantised/scaled_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "nn/quantised/scaled_kernels.h"

namespace zimage::nn::cpu {
namespace {

constexpr std::int64_t kFP4Block = 16;
constexpr std::int64_t kFP8Block = 32;

const std::uint8_t* row_codes(const StoredWeight& weight, std::int64_t row) {
  return weight.data.const_data_ptr<std::uint8_t>() + row * weight.data.stride(0);
}

float row_scale(const StoredWeight& weight, std::int64_t row) {
  if (!weight.scale.defined()) return 1.0F;
  return weight.scale.const_data_ptr<float>()[weight.scale.dim() == 0 ? 0 : row];
}

/// The scales of one row's blocks. Source of their order: "1D block scaling factors layout" in cuBLAS's manual. Tiles
/// of 128 rows and 4 blocks follow each other along the row; in a tile, the rows r, r + 32, r + 64 and r + 96 are
/// neighbours.
class BlockScales {
 public:
  BlockScales(const StoredWeight& weight, std::int64_t row) {
    const std::int64_t at = weight.block_scale_row + row;
    const std::int64_t row_of_tiles = at / 128 * 128 * weight.block_scale.size(1);
    first_ = weight.block_scale.const_data_ptr<std::uint8_t>() + row_of_tiles + at % 32 * 16 + at % 128 / 32 * 4;
  }
  std::uint8_t operator[](std::int64_t block) const { return first_[block / 4 * 512 + block % 4]; }

 private:
  const std::uint8_t* first_;
};

void write_nvfp4(const StoredWeight& weight, std::int64_t row, float* out) {
  constexpr std::int64_t kAtOnce = 64;
  const BlockScales scales(weight, row);
  const float scale = row_scale(weight, 0);
  const std::uint8_t* codes = row_codes(weight, row);
  const std::int64_t blocks = weight.columns() / kFP4Block;
  std::array<float, kAtOnce> factors{};
  for (std::int64_t begin = 0; begin < blocks; begin += kAtOnce) {
    const std::int64_t count = std::min(kAtOnce, blocks - begin);
    for (std::int64_t i = 0; i < count; ++i) factors[static_cast<std::size_t>(i)] = scale * kE4M3[scales[begin + i]];
    scale_fp4_blocks(codes + begin * kFP4Block / 2, factors.data(), out + begin * kFP4Block, count);
  }
}

void write_mxfp8(const StoredWeight& weight, std::int64_t row, float* out) {
  const BlockScales scales(weight, row);
  const std::uint8_t* codes = row_codes(weight, row);
  const std::int64_t columns = weight.columns();
  for (std::int64_t begin = 0; begin < columns; begin += kFP8Block) {
    scale_codes(codes + begin, kE4M3, e8m0(scales[begin / kFP8Block]), out + begin, kFP8Block);
  }
}

void write_int8(const StoredWeight& weight, std::int64_t row, float* out) {
  const auto* codes = reinterpret_cast<const std::int8_t*>(row_codes(weight, row));
  const float scale = row_scale(weight, row);
  if (weight.rotation == 0) {
    scale_int8(codes, scale, out, weight.columns());
  } else {
    // The square root of a power of 4 is a power of 2, so that this division is exact.
    const float factor = scale / std::sqrt(static_cast<float>(weight.rotation));
    rotate_int8(codes, weight.rotation, factor, out, weight.columns());
  }
}

/// Returns the largest scale of the row's blocks, or NaN.
float largest_block_scale(const StoredWeight& weight, std::int64_t row) {
  const bool nvfp4 = weight.encoding == Encoding::kNVFP4;
  const std::int64_t blocks = weight.columns() / (nvfp4 ? kFP4Block : kFP8Block);
  const BlockScales scales(weight, row);
  float largest = 0.0F;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const float scale = nvfp4 ? kE4M3[scales[i]] : e8m0(scales[i]);
    if (std::isnan(scale)) return scale;
    largest = std::max(largest, std::fabs(scale));
  }
  return largest;
}

/// Returns a magnitude that no number on the way to the row's values exceeds, or NaN.
double row_bound(const StoredWeight& weight, std::int64_t row) {
  double bound = std::fabs(row_scale(weight, weight.encoding == Encoding::kNVFP4 ? 0 : row));
  switch (weight.encoding) {
    case Encoding::kF8E4M3: bound *= 448.0; break;
    case Encoding::kF8E5M2: bound *= 57344.0; break;
    case Encoding::kNVFP4: bound *= 6.0 * largest_block_scale(weight, row); break;
    case Encoding::kMXFP8: bound *= 448.0 * largest_block_scale(weight, row); break;
    default: bound *= 128.0 * static_cast<double>(std::max<std::int64_t>(weight.rotation, 1));
  }
  if (!weight.column_scale.defined()) return bound;
  // A row may be larger before its columns are scaled than after.
  const float column = largest_magnitude(weight.column_scale.const_data_ptr<float>(), weight.columns());
  return bound * (column < 1.0F ? 1.0F : column);
}

}  // namespace

void dequantise_scaled_row(const StoredWeight& weight, std::int64_t row, float* out) {
  switch (weight.encoding) {
    case Encoding::kF8E4M3:
    case Encoding::kF8E5M2:
      scale_codes(row_codes(weight, row), weight.encoding == Encoding::kF8E4M3 ? kE4M3 : kE5M2, row_scale(weight, row),
                  out, weight.columns());
      break;
    case Encoding::kNVFP4: write_nvfp4(weight, row, out); break;
    case Encoding::kMXFP8: write_mxfp8(weight, row, out); break;
    default: write_int8(weight, row, out);
  }
  if (weight.column_scale.defined()) multiply(out, weight.column_scale.const_data_ptr<float>(), weight.columns());
}

bool scaled_row_finite(const StoredWeight& weight, std::int64_t row) {
  const std::int64_t columns = weight.columns();
  const std::uint8_t* codes = row_codes(weight, row);
  if (weight.encoding == Encoding::kF8E5M2 && !codes_below(codes, 0x7C, columns)) return false;
  const bool e4m3 = weight.encoding == Encoding::kF8E4M3 || weight.encoding == Encoding::kMXFP8;
  if (e4m3 && !codes_below(codes, 0x7F, columns)) return false;
  const double bound = row_bound(weight, row);
  if (bound <= std::numeric_limits<float>::max()) return true;
  // A scale that isn't finite makes numbers that aren't, also of zeros.
  std::vector<float> values(static_cast<std::size_t>(columns));
  dequantise_scaled_row(weight, row, values.data());
  return std::isfinite(largest_magnitude(values.data(), columns));
}

}  // namespace zimage::nn::cpu

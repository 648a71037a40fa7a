#include "nn/int8/int8_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "nn/cpu_clones.h"

namespace zimage::nn::cpu {
namespace {

constexpr float kLargest = 127.0F;
constexpr std::int64_t kTile = 256;

ZIMAGE_INLINE float widen(float x) { return x; }
ZIMAGE_INLINE float widen(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }

ZIMAGE_INLINE void narrow(float x, float& out) { out = x; }
ZIMAGE_INLINE void narrow(float x, Bf16& out) {
  // It rounds to nearest, and ties to even; a NaN keeps its upper bits, of which one is set.
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const std::uint32_t nan = (bits >> 16) | 0x40U;
  out.bits = static_cast<std::uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? nan : rounded);
}

/// Returns the largest magnitude, or NaN if there is a NaN: its bits are above those of all numbers.
ZIMAGE_CLONES float largest(const float* x, std::int64_t count) {
  std::int32_t most = 0;
  for (std::int64_t i = 0; i < count; ++i) most = std::max(most, std::bit_cast<std::int32_t>(x[i]) & 0x7FFFFFFF);
  return std::bit_cast<float>(most);
}

template <class Number>
ZIMAGE_INLINE void load(const Number* x, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = widen(x[i]);
}

ZIMAGE_CLONES void load_bf16(const Bf16* x, std::int64_t count, float* out) { load(x, count, out); }

/// The sum with `zero` is one of whole numbers, so that contracting operations can't change it.
template <class Code>
ZIMAGE_INLINE void round_row(const float* x, std::int64_t count, float inverse, int zero, Code* codes) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = std::nearbyint(x[i] * inverse);
    const float low = value > -kLargest ? value : -kLargest;  // also for NaN
    codes[i] = static_cast<Code>(static_cast<int>(low < kLargest ? low : kLargest) + zero);
  }
}

ZIMAGE_CLONES void round_unsigned(const float* x, std::int64_t count, float inverse, std::uint8_t* codes) {
  round_row(x, count, inverse, kInt8Zero, codes);
}

ZIMAGE_CLONES void round_signed(const float* x, std::int64_t count, float inverse, std::int8_t* codes) {
  round_row(x, count, inverse, 0, codes);
}

ZIMAGE_INLINE float inverse_of(float magnitude) { return magnitude < kInt8Smallest ? 0.0F : kLargest / magnitude; }
ZIMAGE_INLINE float scale_of(float magnitude) { return magnitude < kInt8Smallest ? 0.0F : magnitude / kLargest; }

/// A step of the rotation: H4 on the numbers at a, a + stride, a + 2 stride and a + 3 stride. H4 is symmetric, its rows
/// are 1 1 1 -1, 1 1 -1 1, 1 -1 1 1, -1 1 1 1.
template <class Number>
ZIMAGE_INLINE void hadamard4(Number* a, std::int64_t stride) {
  const Number sum01 = a[0] + a[stride];
  const Number difference01 = a[0] - a[stride];
  const Number sum23 = a[2 * stride] + a[3 * stride];
  const Number difference23 = a[2 * stride] - a[3 * stride];
  a[0] = sum01 + difference23;
  a[stride] = sum01 - difference23;
  a[2 * stride] = difference01 + sum23;
  a[3 * stride] = sum23 - difference01;
}

/// Sixteen numbers; the compiler makes of them what the processor has.
typedef float Lanes __attribute__((vector_size(64)));

/// The same step inside a vector, on neighbours: stride 1. Factors of ±1 are exact.
ZIMAGE_INLINE void hadamard_lanes1(Lanes& x) {
  const Lanes sign = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
  const Lanes t = __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14) + sign * x;
  x = __builtin_shufflevector(t, t, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14) +
      sign * __builtin_shufflevector(t, t, 3, 3, 1, 1, 7, 7, 5, 5, 11, 11, 9, 9, 15, 15, 13, 13);
}

/// The same on quarters of a vector: stride 4.
ZIMAGE_INLINE void hadamard_lanes4(Lanes& x) {
  const Lanes sign = {1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1};
  const Lanes t = __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11) + sign * x;
  x = __builtin_shufflevector(t, t, 0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11) +
      sign * __builtin_shufflevector(t, t, 12, 13, 14, 15, 12, 13, 14, 15, 4, 5, 6, 7, 4, 5, 6, 7);
}

/// Rotates 256 numbers in groups of up to as many.
ZIMAGE_CLONES void rotate_tile(float* x, std::int64_t group) {
  Lanes lanes[16];
  std::memcpy(lanes, x, sizeof lanes);
  for (Lanes& lane : lanes) hadamard_lanes1(lane);
  if (group >= 16) {
    for (Lanes& lane : lanes) hadamard_lanes4(lane);
  }
  if (group >= 64) {
    for (int i = 0; i < 16; i += 4) hadamard4(lanes + i, 1);
  }
  if (group >= 256) {
    for (int i = 0; i < 4; ++i) hadamard4(lanes + i, 4);
  }
  std::memcpy(x, lanes, sizeof lanes);
}

ZIMAGE_CLONES void rotate_wide(float* x, std::int64_t count, std::int64_t stride) {
  for (std::int64_t start = 0; start < count; start += 4 * stride) {
    for (std::int64_t i = 0; i < stride; ++i) hadamard4(x + start + i, stride);
  }
}

void rotate(float* x, std::int64_t count, std::int64_t group) {
  for (std::int64_t begin = 0; begin < count; begin += kTile) {
    const std::int64_t part = std::min(kTile, count - begin);
    if (part == kTile) {
      rotate_tile(x + begin, group);
    } else {
      float tile[kTile] = {};
      std::copy_n(x + begin, part, tile);
      rotate_tile(tile, group);
      std::copy_n(tile, part, x + begin);
    }
  }
  for (std::int64_t stride = kTile; stride < group; stride *= 4) rotate_wide(x, count, stride);
}

float quantise_loaded(const float* x, std::int64_t count, std::uint8_t* codes) {
  const float magnitude = largest(x, count);
  round_unsigned(x, count, inverse_of(magnitude), codes);
  return scale_of(magnitude);
}

float quantise_rotated(float* x, std::int64_t count, std::int64_t rotation, std::uint8_t* codes) {
  rotate(x, count, rotation);
  // The matrix is normalised here: 1 / √4ⁿ is a power of two.
  return quantise_loaded(x, count, codes) / std::sqrt(static_cast<float>(rotation));
}

template <class Number>
ZIMAGE_INLINE void scale_sums(const std::int32_t* sums, const BlockScales& scales, std::int64_t rows,
                              std::int64_t columns, Number* out, std::int64_t stride) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int32_t* from = sums + row * kInt8Block;
    Number* to = out + row * stride;
    const float row_scale = scales.row_scale[row];
    for (std::int64_t i = 0; i < columns; ++i) {
      narrow(static_cast<float>(from[i] - scales.correction[i]) * scales.column_scale[i] * row_scale, to[i]);
    }
  }
}

}  // namespace

float quantise_row(const float* x, std::int64_t count, std::int64_t rotation, float* scratch, std::uint8_t* codes) {
  if (rotation == 0) return quantise_loaded(x, count, codes);
  std::copy_n(x, count, scratch);
  return quantise_rotated(scratch, count, rotation, codes);
}

float quantise_row(const Bf16* x, std::int64_t count, std::int64_t rotation, float* scratch, std::uint8_t* codes) {
  load_bf16(x, count, scratch);
  return rotation == 0 ? quantise_loaded(scratch, count, codes) : quantise_rotated(scratch, count, rotation, codes);
}

float quantise_row(const float* x, std::int64_t count, std::int8_t* codes) {
  const float magnitude = largest(x, count);
  round_signed(x, count, inverse_of(magnitude), codes);
  return scale_of(magnitude);
}

ZIMAGE_CLONES void pack_block(const std::int8_t* rows, std::int64_t depth, std::int8_t* packed,
                              std::int32_t* correction) {
  constexpr std::int64_t kFour = 4;
  // Tiles of 16 × 16 groups of four keep both sides in the first cache.
  for (std::int64_t at = 0; at < depth; at += 16 * kFour) {
    for (std::int64_t row = 0; row < kInt8Block; ++row) {
      for (std::int64_t i = at; i < at + 16 * kFour; i += kFour) {
        std::memcpy(packed + i * kInt8Block + row * kFour, rows + row * depth + i, kFour);
      }
    }
  }
  for (std::int64_t row = 0; row < kInt8Block; ++row) {
    std::int32_t sum = 0;
    for (std::int64_t i = 0; i < depth; ++i) sum += rows[row * depth + i];
    correction[row] = kInt8Zero * sum;
  }
}

ZIMAGE_CLONES void write_scaled(const std::int32_t* sums, const BlockScales& scales, std::int64_t rows,
                                std::int64_t columns, float* out, std::int64_t stride) {
  scale_sums(sums, scales, rows, columns, out, stride);
}

ZIMAGE_CLONES void write_scaled(const std::int32_t* sums, const BlockScales& scales, std::int64_t rows,
                                std::int64_t columns, Bf16* out, std::int64_t stride) {
  scale_sums(sums, scales, rows, columns, out, stride);
}

}  // namespace zimage::nn::cpu

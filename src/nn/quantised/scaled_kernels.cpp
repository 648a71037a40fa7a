#include "nn/quantised/scaled_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "nn/cpu_clones.h"

namespace zimage::nn::cpu {
namespace {

/// Returns the value of a small float's code, as if it had no infinities and NaNs.
constexpr float small_float(int code, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int mantissa = code & ((1 << mantissa_bits) - 1);
  const int exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int sign = code >> (exponent_bits + mantissa_bits);
  float value = static_cast<float>(exponent == 0 ? mantissa : mantissa + (1 << mantissa_bits));
  int power = std::max(exponent, 1) - bias - mantissa_bits;
  for (; power > 0; --power) value *= 2.0F;
  for (; power < 0; ++power) value *= 0.5F;
  return sign != 0 ? -value : value;
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

constexpr float e4m3(int code) { return (code & 0x7F) == 0x7F ? kNaN : small_float(code, 4, 3); }

constexpr float e5m2(int code) {
  if ((code & 0x7F) < 0x7C) return small_float(code, 5, 2);
  if ((code & 0x7F) > 0x7C) return kNaN;
  return code == 0x7C ? kInfinity : -kInfinity;
}

template <std::size_t kSize, class Function>
constexpr std::array<float, kSize> table_of(Function value) {
  std::array<float, kSize> table{};
  for (std::size_t i = 0; i < kSize; ++i) table[i] = value(static_cast<int>(i));
  return table;
}

using Pair = std::array<float, 2>;

/// Both values of a byte.
constexpr std::array<Pair, 256> kE2M1Pairs = [] {
  std::array<Pair, 256> table{};
  for (int i = 0; i < 256; ++i)
    table[static_cast<std::size_t>(i)] = {small_float(i >> 4, 2, 1), small_float(i & 15, 2, 1)};
  return table;
}();

// convrot's H4 is symmetric: its rows are 1 1 1 -1, 1 1 -1 1, 1 -1 1 1, -1 1 1 1.
template <class Int>
__attribute__((always_inline)) inline void hadamard_step(Int* x, std::int64_t count, std::int64_t stride) {
  for (std::int64_t start = 0; start < count; start += 4 * stride) {
    Int* a = x + start;
    for (std::int64_t i = 0; i < stride; ++i) {
      const auto sum01 = static_cast<Int>(a[i] + a[i + stride]);
      const auto difference01 = static_cast<Int>(a[i] - a[i + stride]);
      const auto sum23 = static_cast<Int>(a[i + 2 * stride] + a[i + 3 * stride]);
      const auto difference23 = static_cast<Int>(a[i + 2 * stride] - a[i + 3 * stride]);
      a[i] = static_cast<Int>(sum01 + difference23);
      a[i + stride] = static_cast<Int>(sum01 - difference23);
      a[i + 2 * stride] = static_cast<Int>(difference01 + sum23);
      a[i + 3 * stride] = static_cast<Int>(sum23 - difference01);
    }
  }
}

constexpr std::int64_t kTile = 256;

__attribute__((always_inline)) inline void transpose(const std::int16_t* x, std::int16_t* y) {
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 16; ++column) y[16 * column + row] = x[16 * row + column];
  }
}

/// Rotates up to 256 codes in groups of `group` ≤ 256. Four steps give at most 32,648, so that 16 bits suffice. The
/// steps of stride 1 and 4 work on the transposed tile, where their strides are 16 and 64: those are vectorised.
ZIMAGE_CLONES void rotate_tile(const std::int8_t* codes, std::int64_t count, std::int64_t group, std::int16_t* out) {
  alignas(64) std::int16_t x[kTile] = {};
  alignas(64) std::int16_t y[kTile];
  if (count == kTile) {
    for (std::int64_t i = 0; i < kTile; ++i) x[i] = codes[i];
  } else {
    for (std::int64_t i = 0; i < count; ++i) x[i] = codes[i];
  }
  if (group >= 64) hadamard_step(x, kTile, 16);
  if (group >= 256) hadamard_step(x, kTile, 64);
  transpose(x, y);
  hadamard_step(y, kTile, 16);
  if (group >= 16) hadamard_step(y, kTile, 64);
  transpose(y, out);
}

template <class Int>
__attribute__((always_inline)) inline void convert(const Int* x, float factor, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(x[i]) * factor;
}

ZIMAGE_CLONES void convert_tile(const std::int16_t* x, float factor, float* out, std::int64_t count) {
  convert(x, factor, out, count);
}

ZIMAGE_CLONES void rotate_wide(std::int32_t* x, std::int64_t group, float factor, float* out) {
  for (std::int64_t stride = kTile; stride < group; stride *= 4) hadamard_step(x, group, stride);
  convert(x, factor, out, group);
}

}  // namespace

constinit const std::array<float, 256> kE4M3 = table_of<256>(e4m3);
constinit const std::array<float, 256> kE5M2 = table_of<256>(e5m2);
constinit const std::array<float, 16> kE2M1 = table_of<16>([](int code) { return small_float(code, 2, 1); });

float e8m0(std::uint8_t byte) {
  if (byte == 0xFF) return kNaN;
  return byte == 0 ? 0x1p-127F : std::bit_cast<float>(static_cast<std::uint32_t>(byte) << 23);
}

// A look-up is as fast as the conversion by bit operations, and twice as fast without AVX-512.
void scale_codes(const std::uint8_t* codes, const std::array<float, 256>& table, float factor, float* out,
                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = table[codes[i]] * factor;
}

ZIMAGE_CLONES void scale_int8(const std::int8_t* codes, float factor, float* out, std::int64_t count) {
  convert(codes, factor, out, count);
}

void rotate_int8(const std::int8_t* codes, std::int64_t group, float factor, float* out, std::int64_t count) {
  alignas(64) std::int16_t tile[kTile];
  if (group <= kTile) {
    for (std::int64_t begin = 0; begin < count; begin += kTile) {
      const std::int64_t part = std::min(kTile, count - begin);
      rotate_tile(codes + begin, part, group, tile);
      convert_tile(tile, factor, out + begin, part);
    }
    return;
  }
  std::vector<std::int32_t> sums(static_cast<std::size_t>(group));
  for (std::int64_t begin = 0; begin < count; begin += group) {
    for (std::int64_t i = 0; i < group; i += kTile) {
      rotate_tile(codes + begin + i, kTile, kTile, tile);
      std::copy_n(tile, kTile, sums.begin() + i);
    }
    rotate_wide(sums.data(), group, factor, out + begin);
  }
}

ZIMAGE_CLONES void scale_fp4_blocks(const std::uint8_t* bytes, const float* factors, float* out, std::int64_t blocks) {
  for (std::int64_t block = 0; block < blocks; ++block) {
    float values[16];
    for (int i = 0; i < 8; ++i) std::memcpy(values + 2 * i, &kE2M1Pairs[bytes[8 * block + i]], sizeof(Pair));
    for (int i = 0; i < 16; ++i) out[16 * block + i] = values[i] * factors[block];
  }
}

ZIMAGE_CLONES void multiply(float* values, const float* factors, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] *= factors[i];
}

ZIMAGE_CLONES bool codes_below(const std::uint8_t* codes, std::uint8_t limit, std::int64_t count) {
  std::uint8_t bad = 0;
  for (std::int64_t i = 0; i < count; ++i) bad |= static_cast<std::uint8_t>((codes[i] & 0x7F) >= limit);
  return bad == 0;
}

float largest_magnitude(const float* values, std::int64_t count) {
  float largest = 0.0F;
  for (std::int64_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(values[i]);
    if (!(magnitude <= largest)) largest = magnitude;
    if (std::isnan(largest)) break;
  }
  return largest;
}

}  // namespace zimage::nn::cpu

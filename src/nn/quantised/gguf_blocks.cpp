#include "nn/quantised/gguf_blocks.h"

#include <array>
#include <bit>
#include <cstddef>

#include "nn/cpu_clones.h"

// Every product is exact in fp32, because its factors have at most 23 bits together: 11 of a block's scale, 7 of a
// part's scale, 5 of a quant, or fewer. Only a sum rounds, once. So a compiler may fuse multiplications and additions
// without changing a bit. Without `omp simd` gcc expects a row and its numbers to overlap.

namespace zimage::nn::cpu {
namespace {

using Byte = std::uint8_t;

constexpr std::uint32_t kInfinity = 0x7C00U;  ///< fp16; what is greater, without its sign, is NaN

/// What the quants of IQ4_NL and IQ4_XS stand for. Source: kvalues_iq4nl in ggml-common.h.
constexpr std::array<float, 16> kLevels{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

ZIMAGE_INLINE std::uint32_t bits_16(const Byte* data) {
  return static_cast<std::uint32_t>(data[0]) | static_cast<std::uint32_t>(data[1]) << 8;
}

/// Returns the fp16 number at `data`, exactly, also if it is subnormal.
ZIMAGE_INLINE float half(const Byte* data) {
  const std::uint32_t bits = bits_16(data);
  const std::uint32_t magnitude = bits & 0x7FFFU;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * 0x1p-24F);
  const std::uint32_t exponent = (magnitude < kInfinity ? 112U : 224U) << 23;
  const std::uint32_t value = magnitude < 0x0400U ? subnormal : (magnitude << 13) + exponent;
  return std::bit_cast<float>((bits & 0x8000U) << 16 | value);
}

/// Calls write(i, quant) for a block of 32 quants of 4 bits: 16 low ones, then 16 high ones.
template <class Write>
ZIMAGE_INLINE void nibbles(const Byte* quants, Write write) {
#pragma omp simd
  for (int i = 0; i < 16; ++i) write(i, quants[i] & 15);
#pragma omp simd
  for (int i = 0; i < 16; ++i) write(16 + i, quants[i] >> 4);
}

/// The same with a fifth bit: bit i of the 32 at `high` belongs to quant i.
template <class Write>
ZIMAGE_INLINE void nibbles_5(const Byte* quants, const Byte* high, Write write) {
  const std::uint32_t fifth = bits_16(high) | bits_16(high + 2) << 16;
#pragma omp simd
  for (int i = 0; i < 16; ++i) write(i, (quants[i] & 15) | static_cast<int>(fifth >> i << 4 & 16U));
#pragma omp simd
  for (int i = 0; i < 16; ++i) write(16 + i, (quants[i] >> 4) | static_cast<int>(fifth >> (16 + i) << 4 & 16U));
}

ZIMAGE_INLINE void q4_0(const Byte* block, float* out) {
  const float d = half(block);
  nibbles(block + 2, [&](int i, int q) { out[i] = d * static_cast<float>(q - 8); });
}

ZIMAGE_INLINE void q4_1(const Byte* block, float* out) {
  const float d = half(block), m = half(block + 2);
  nibbles(block + 4, [&](int i, int q) { out[i] = d * static_cast<float>(q) + m; });
}

ZIMAGE_INLINE void q5_0(const Byte* block, float* out) {
  const float d = half(block);
  nibbles_5(block + 6, block + 2, [&](int i, int q) { out[i] = d * static_cast<float>(q - 16); });
}

ZIMAGE_INLINE void q5_1(const Byte* block, float* out) {
  const float d = half(block), m = half(block + 2);
  nibbles_5(block + 8, block + 4, [&](int i, int q) { out[i] = d * static_cast<float>(q) + m; });
}

ZIMAGE_INLINE void q8_0(const Byte* block, float* out) {
  const float d = half(block);
#pragma omp simd
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

ZIMAGE_INLINE void iq4_nl(const Byte* block, float* out) {
  const float d = half(block);
  nibbles(block + 2, [&](int i, int q) { out[i] = d * kLevels[static_cast<std::size_t>(q)]; });
}

/// scales[16], quants[64], d, dmin. 32 bytes hold four parts of 32 quants of 2 bits; 16 quants share a scale.
ZIMAGE_INLINE void q2_k(const Byte* block, float* out) {
  const float d = half(block + 80), dmin = half(block + 82);
  for (int part = 0; part < 8; ++part) {
    const Byte* quants = block + 16 + part / 4 * 32;
    const int shift = part % 4 * 2;
    for (int h = 0; h < 2; ++h, quants += 16, out += 16) {
      const Byte scale = block[2 * part + h];
      const float dl = d * static_cast<float>(scale & 15), ml = dmin * static_cast<float>(scale >> 4);
#pragma omp simd
      for (int i = 0; i < 16; ++i) out[i] = dl * static_cast<float>(quants[i] >> shift & 3) - ml;
    }
  }
}

/// high[32], quants[64], scales[12], d. As Q2_K, but a quant is 4 less unless its bit in `high` is set.
ZIMAGE_INLINE void q3_k(const Byte* block, float* out) {
  const float d = half(block + 108);
  const Byte* scales = block + 96;
  for (int part = 0; part < 8; ++part) {
    const Byte* high = block;
    const Byte* quants = block + 32 + part / 4 * 32;
    const int shift = part % 4 * 2;
    for (int h = 0; h < 2; ++h, quants += 16, high += 16, out += 16) {
      const int s = 2 * part + h;
      const int low_bits = scales[s % 8] >> (s / 8 * 4) & 15, high_bits = scales[8 + s % 4] >> (s / 4 * 2) & 3;
      const float dl = d * static_cast<float>((low_bits | high_bits << 4) - 32);
#pragma omp simd
      for (int i = 0; i < 16; ++i) {
        out[i] = dl * static_cast<float>((quants[i] >> shift & 3) - 4 + (high[i] >> part << 2 & 4));
      }
    }
  }
}

/// The scale and the minimum of one of Q4_K's and Q5_K's eight parts, 6 bits each in 12 bytes.
struct PartScale {
  int scale;
  int minimum;
};

ZIMAGE_INLINE PartScale part_scale(const Byte* scales, int part) {
  if (part < 4) return {scales[part] & 63, scales[part + 4] & 63};
  return {(scales[part + 4] & 15) | (scales[part - 4] >> 2 & 48), (scales[part + 4] >> 4) | (scales[part] >> 2 & 48)};
}

/// d, dmin, scales[12], quants[128]. 32 bytes hold two parts of 32 quants.
ZIMAGE_INLINE void q4_k(const Byte* block, float* out) {
  const float d = half(block), dmin = half(block + 2);
  for (int part = 0; part < 8; ++part, out += 32) {
    const PartScale s = part_scale(block + 4, part);
    const float dl = d * static_cast<float>(s.scale), ml = dmin * static_cast<float>(s.minimum);
    const Byte* quants = block + 16 + part / 2 * 32;
    const int shift = part % 2 * 4;
#pragma omp simd
    for (int i = 0; i < 32; ++i) out[i] = dl * static_cast<float>(quants[i] >> shift & 15) - ml;
  }
}

/// d, dmin, scales[12], high[32], quants[128]. As Q4_K; bit `part` of high[i] is a quant's fifth.
ZIMAGE_INLINE void q5_k(const Byte* block, float* out) {
  const float d = half(block), dmin = half(block + 2);
  const Byte* high = block + 16;
  for (int part = 0; part < 8; ++part, out += 32) {
    const PartScale s = part_scale(block + 4, part);
    const float dl = d * static_cast<float>(s.scale), ml = dmin * static_cast<float>(s.minimum);
    const Byte* quants = block + 48 + part / 2 * 32;
    const int shift = part % 2 * 4;
#pragma omp simd
    for (int i = 0; i < 32; ++i) {
      out[i] = dl * static_cast<float>((quants[i] >> shift & 15) | (high[i] >> part << 4 & 16)) - ml;
    }
  }
}

/// low[128], high[64], scales[16], d. 64 bytes of `low` hold four parts of 32 quants, 32 bytes of `high` their 2 bits.
ZIMAGE_INLINE void q6_k(const Byte* block, float* out) {
  const float d = half(block + 208);
  for (int part = 0; part < 8; ++part) {
    const Byte* low = block + part / 4 * 64 + part % 2 * 32;
    const Byte* high = block + 128 + part / 4 * 32;
    const int low_shift = part / 2 % 2 * 4, high_shift = part % 4 * 2;
    for (int h = 0; h < 2; ++h, low += 16, high += 16, out += 16) {
      const float dl = d * static_cast<float>(static_cast<std::int8_t>(block[192 + 2 * part + h]));
#pragma omp simd
      for (int i = 0; i < 16; ++i) {
        out[i] = dl * static_cast<float>(((low[i] >> low_shift & 15) | (high[i] >> high_shift << 4 & 48)) - 32);
      }
    }
  }
}

/// d, high bits of the scales, low bits of the scales[4], quants[128].
ZIMAGE_INLINE void iq4_xs(const Byte* block, float* out) {
  const float d = half(block);
  const std::uint32_t high = bits_16(block + 2);
  for (int part = 0; part < 8; ++part, out += 32) {
    const int low = block[4 + part / 2] >> (part % 2 * 4) & 15;
    const float dl = d * static_cast<float>((low | static_cast<int>(high >> (2 * part) << 4 & 48U)) - 32);
    nibbles(block + 8 + 16 * part, [&](int i, int q) { out[i] = dl * kLevels[static_cast<std::size_t>(q)]; });
  }
}

template <int kValues, int kBytes, void (*kWrite)(const Byte*, float*)>
ZIMAGE_INLINE void write_blocks(const Byte* data, float* out, std::int64_t values) {
  for (std::int64_t i = 0; i < values; i += kValues, data += kBytes) kWrite(data, out + i);
}

ZIMAGE_CLONES void write_row(Encoding encoding, const Byte* data, float* out, std::int64_t values) {
  switch (encoding) {
    case Encoding::kQ4_0: return write_blocks<32, 18, q4_0>(data, out, values);
    case Encoding::kQ4_1: return write_blocks<32, 20, q4_1>(data, out, values);
    case Encoding::kQ5_0: return write_blocks<32, 22, q5_0>(data, out, values);
    case Encoding::kQ5_1: return write_blocks<32, 24, q5_1>(data, out, values);
    case Encoding::kQ8_0: return write_blocks<32, 34, q8_0>(data, out, values);
    case Encoding::kQ2_K: return write_blocks<256, 84, q2_k>(data, out, values);
    case Encoding::kQ3_K: return write_blocks<256, 110, q3_k>(data, out, values);
    case Encoding::kQ4_K: return write_blocks<256, 144, q4_k>(data, out, values);
    case Encoding::kQ5_K: return write_blocks<256, 176, q5_k>(data, out, values);
    case Encoding::kQ6_K: return write_blocks<256, 210, q6_k>(data, out, values);
    case Encoding::kIQ4_NL: return write_blocks<32, 18, iq4_nl>(data, out, values);
    case Encoding::kIQ4_XS: return write_blocks<256, 136, iq4_xs>(data, out, values);
    default: return;
  }
}

}  // namespace

Halves halves_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::kQ4_1:
    case Encoding::kQ5_1:
    case Encoding::kQ4_K:
    case Encoding::kQ5_K: return {0, 2};
    case Encoding::kQ2_K: return {80, 82};
    case Encoding::kQ3_K: return {108, 108};
    case Encoding::kQ6_K: return {208, 208};
    default: return {0, 0};
  }
}

void dequantise_gguf_row(Encoding encoding, const std::uint8_t* data, float* out, std::int64_t values) {
  write_row(encoding, data, out, values);
}

bool gguf_row_finite(Encoding encoding, const std::uint8_t* data, std::int64_t values) {
  const EncodingInfo& info = info_of(encoding);
  const Halves halves = halves_of(encoding);
  bool finite = true;
  for (std::int64_t i = 0; i < values; i += info.block_values, data += info.block_bytes) {
    finite = finite && (bits_16(data + halves.first) & 0x7FFFU) < kInfinity;
    finite = finite && (bits_16(data + halves.second) & 0x7FFFU) < kInfinity;
  }
  return finite;
}

}  // namespace zimage::nn::cpu

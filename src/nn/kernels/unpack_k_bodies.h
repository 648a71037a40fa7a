// Unpackers of GGUF's K blocks of 256 values, in parts of 16 or 32 values with a scale each.
#pragma once

#include "nn/kernels/unpack_gguf_bodies.h"

namespace zimage::nn::kernels {

/// scales[16], quants[64], d, dmin. 32 bytes hold four parts of 32 quants of 2 bits; 16 quants share a scale.
struct BlockQ2_K {
  static constexpr i64 kValues = 256, kBytes = 84;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const u8 scale = block[at / 16];
    const float dl = half_at(block + 80) * static_cast<float>(scale & 15);
    const float ml = half_at(block + 82) * static_cast<float>(scale >> 4);
    const u8* quants = block + 16 + at / 128 * 32 + at % 32;
    const i32 shift = at / 32 % 4 * 2;
    for (i32 k = 0; k < kPack; ++k) v[k] = dl * static_cast<float>(quants[k] >> shift & 3) - ml;
  }
};

/// high[32], quants[64], scales[12], d. As Q2_K, but a quant is 4 less unless its bit in `high` is set.
struct BlockQ3_K {
  static constexpr i64 kValues = 256, kBytes = 110;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const u8* scales = block + 96;
    const i32 s = at / 16, part = at / 32;
    const i32 low_bits = scales[s % 8] >> (s / 8 * 4) & 15, high_bits = scales[8 + s % 4] >> (s / 4 * 2) & 3;
    const float dl = half_at(block + 108) * static_cast<float>((low_bits | high_bits << 4) - 32);
    const u8* quants = block + 32 + at / 128 * 32 + at % 32;
    const u8* high = block + at % 32;
    const i32 shift = part % 4 * 2;
    for (i32 k = 0; k < kPack; ++k) {
      v[k] = dl * static_cast<float>((quants[k] >> shift & 3) - 4 + (high[k] >> part << 2 & 4));
    }
  }
};

/// Returns the scale of one of Q4_K's and Q5_K's eight parts, 6 bits each in 12 bytes.
ZIMAGE_KERNEL i32 part_scale(const u8* scales, i32 part) {
  return part < 4 ? scales[part] & 63 : (scales[part + 4] & 15) | (scales[part - 4] >> 2 & 48);
}

/// Returns the part's minimum.
ZIMAGE_KERNEL i32 part_minimum(const u8* scales, i32 part) {
  return part < 4 ? scales[part + 4] & 63 : (scales[part + 4] >> 4) | (scales[part] >> 2 & 48);
}

/// d, dmin, scales[12], quants[128]. 32 bytes hold two parts of 32 quants.
struct BlockQ4_K {
  static constexpr i64 kValues = 256, kBytes = 144;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const i32 part = at / 32;
    const float dl = half_at(block) * static_cast<float>(part_scale(block + 4, part));
    const float ml = half_at(block + 2) * static_cast<float>(part_minimum(block + 4, part));
    const u8* quants = block + 16 + part / 2 * 32 + at % 32;
    const i32 shift = part % 2 * 4;
    for (i32 k = 0; k < kPack; ++k) v[k] = dl * static_cast<float>(quants[k] >> shift & 15) - ml;
  }
};

/// d, dmin, scales[12], high[32], quants[128]. As Q4_K; bit `part` of high[i] is a quant's fifth.
struct BlockQ5_K {
  static constexpr i64 kValues = 256, kBytes = 176;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const i32 part = at / 32;
    const float dl = half_at(block) * static_cast<float>(part_scale(block + 4, part));
    const float ml = half_at(block + 2) * static_cast<float>(part_minimum(block + 4, part));
    const u8* quants = block + 48 + part / 2 * 32 + at % 32;
    const u8* high = block + 16 + at % 32;
    const i32 shift = part % 2 * 4;
    for (i32 k = 0; k < kPack; ++k) {
      v[k] = dl * static_cast<float>((quants[k] >> shift & 15) | (high[k] >> part << 4 & 16)) - ml;
    }
  }
};

/// low[128], high[64], scales[16], d. 64 bytes of `low` hold four parts of 32 quants, 32 bytes of `high` their 2 bits.
struct BlockQ6_K {
  static constexpr i64 kValues = 256, kBytes = 210;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const i32 part = at / 32;
    const float dl = half_at(block + 208) * static_cast<float>(static_cast<i8>(block[192 + at / 16]));
    const u8* low = block + part / 4 * 64 + part % 2 * 32 + at % 32;
    const u8* high = block + 128 + part / 4 * 32 + at % 32;
    const i32 low_shift = part / 2 % 2 * 4, high_shift = part % 4 * 2;
    for (i32 k = 0; k < kPack; ++k) {
      v[k] = dl * static_cast<float>(((low[k] >> low_shift & 15) | (high[k] >> high_shift << 4 & 48)) - 32);
    }
  }
};

namespace bodies {

ZIMAGE_UNPACK_BODY(unpack_q2_k, BlockQ2_K)
ZIMAGE_UNPACK_BODY(unpack_q3_k, BlockQ3_K)
ZIMAGE_UNPACK_BODY(unpack_q4_k, BlockQ4_K)
ZIMAGE_UNPACK_BODY(unpack_q5_k, BlockQ5_K)
ZIMAGE_UNPACK_BODY(unpack_q6_k, BlockQ6_K)

}  // namespace bodies

}  // namespace zimage::nn::kernels

#undef ZIMAGE_UNPACK_BODY

// Unpackers of GGUF's blocks of 32 values. Source of the layouts: ggml, ggml-common.h and ggml-quants.c. They write the
// same bits as nn/quantised/gguf_blocks.h, whose comment says why no order of the operations changes one.
#pragma once

#include "nn/kernels/element.h"

namespace zimage::nn::kernels {

ZIMAGE_KERNEL u32 u16_at(const u8* data) { return static_cast<u32>(data[0]) | static_cast<u32>(data[1]) << 8; }
ZIMAGE_KERNEL float half_at(const u8* data) { return half_value(u16_at(data)); }

/// Returns the quant of 4 bits at a place of a block of 32: 16 low ones, then 16 high ones.
ZIMAGE_KERNEL i32 nibble(const u8* quants, i32 at) { return at < 16 ? quants[at] & 15 : quants[at - 16] >> 4; }

/// Returns the fifth bit of a quant: bit `at` of the 32 at `high`.
ZIMAGE_KERNEL i32 fifth_bit(const u8* high, i32 at) { return (high[at >> 3] >> (at & 7) & 1) << 4; }

/// Returns what a quant of IQ4_NL and IQ4_XS stands for: −127, −104, −83, −65, −49, −35, −22, −10, 1, 13, 25, 38, 53,
/// 69, 89 or 113. Source: kvalues_iq4nl in ggml-common.h. They are in two numbers, because a table would lie in memory.
ZIMAGE_KERNEL float level(i32 quant) {
  constexpr unsigned long long kLow = 0xF6EADDCFBFAD9881ULL, kHigh = 0x7159453526190D01ULL;
  return static_cast<float>(static_cast<i8>((quant < 8 ? kLow : kHigh) >> (8 * (quant & 7))));
}

/// Writes a row of blocks. `Block` says how many values and bytes one has, and writes four values from a place on.
template <class Block, class T, class Group>
ZIMAGE_KERNEL void unpack_blocks(Group g, const UnpackArgs& a, i64 row) {
  const u8* data = a.data + row * a.row_bytes;
  T* out = static_cast<T*>(a.out) + row * a.out_stride;
  const bool packed = takes_packs(out, a.out_stride);
  g.each(a.columns / kPack, [=](i64 i) {
    constexpr i64 kPacks = Block::kValues / kPack;
    float v[kPack];
    Block::values(data + i / kPacks * Block::kBytes, static_cast<i32>(i % kPacks) * kPack, v);
    if (packed) {
      write<kPack>(out + i * kPack, v);
    } else {
      for (int k = 0; k < kPack; ++k) write<1>(out + i * kPack + k, v + k);
    }
  });
}

struct BlockQ4_0 {
  static constexpr i64 kValues = 32, kBytes = 18;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const float d = half_at(block);
    for (i32 k = 0; k < kPack; ++k) v[k] = d * static_cast<float>(nibble(block + 2, at + k) - 8);
  }
};

struct BlockQ4_1 {
  static constexpr i64 kValues = 32, kBytes = 20;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const float d = half_at(block), m = half_at(block + 2);
    for (i32 k = 0; k < kPack; ++k) v[k] = d * static_cast<float>(nibble(block + 4, at + k)) + m;
  }
};

struct BlockQ5_0 {
  static constexpr i64 kValues = 32, kBytes = 22;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const float d = half_at(block);
    for (i32 k = 0; k < kPack; ++k) {
      v[k] = d * static_cast<float>((nibble(block + 6, at + k) | fifth_bit(block + 2, at + k)) - 16);
    }
  }
};

struct BlockQ5_1 {
  static constexpr i64 kValues = 32, kBytes = 24;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const float d = half_at(block), m = half_at(block + 2);
    for (i32 k = 0; k < kPack; ++k) {
      v[k] = d * static_cast<float>(nibble(block + 8, at + k) | fifth_bit(block + 4, at + k)) + m;
    }
  }
};

struct BlockQ8_0 {
  static constexpr i64 kValues = 32, kBytes = 34;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const float d = half_at(block);
    for (i32 k = 0; k < kPack; ++k) v[k] = d * static_cast<float>(static_cast<i8>(block[2 + at + k]));
  }
};

struct BlockIQ4_NL {
  static constexpr i64 kValues = 32, kBytes = 18;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const float d = half_at(block);
    for (i32 k = 0; k < kPack; ++k) v[k] = d * level(nibble(block + 2, at + k));
  }
};

/// d, high bits of the scales, low bits of the scales[4], quants[128].
struct BlockIQ4_XS {
  static constexpr i64 kValues = 256, kBytes = 136;
  static ZIMAGE_KERNEL void values(const u8* block, i32 at, float* v) {
    const i32 part = at / 32;
    const i32 low = block[4 + part / 2] >> (part % 2 * 4) & 15;
    const i32 high = static_cast<i32>(u16_at(block + 2) >> (2 * part) & 3U) << 4;
    const float dl = half_at(block) * static_cast<float>((low | high) - 32);
    for (i32 k = 0; k < kPack; ++k) v[k] = dl * level(nibble(block + 8 + 16 * part, at % 32 + k));
  }
};

#define ZIMAGE_UNPACK_BODY(name, Block)                            \
  template <class T, class Group>                                  \
  ZIMAGE_KERNEL void name(Group g, const UnpackArgs& a, i64 row) { \
    unpack_blocks<Block, T>(g, a, row);                            \
  }

namespace bodies {

ZIMAGE_UNPACK_BODY(unpack_q4_0, BlockQ4_0)
ZIMAGE_UNPACK_BODY(unpack_q4_1, BlockQ4_1)
ZIMAGE_UNPACK_BODY(unpack_q5_0, BlockQ5_0)
ZIMAGE_UNPACK_BODY(unpack_q5_1, BlockQ5_1)
ZIMAGE_UNPACK_BODY(unpack_q8_0, BlockQ8_0)
ZIMAGE_UNPACK_BODY(unpack_iq4_nl, BlockIQ4_NL)
ZIMAGE_UNPACK_BODY(unpack_iq4_xs, BlockIQ4_XS)

}  // namespace bodies

}  // namespace zimage::nn::kernels

// Unpackers of fp8 and int8, whose scales are in tensors beside them. They write the same bits as
// nn/quantised/scaled_rows.h.
#pragma once

#include "nn/kernels/element.h"

namespace zimage::nn::kernels {

struct F8E4M3 {
  static ZIMAGE_KERNEL float value(u8 code) {
    const u32 magnitude = code & 0x7FU;
    const u32 sign = static_cast<u32>(code & 0x80U) << 24;
    if (magnitude == 0x7FU) return float_of(sign | 0x7FC00000U);
    const u32 subnormal = bits_of(static_cast<float>(magnitude) * (1.0F / 512.0F));
    return float_of(sign | (magnitude < 8U ? subnormal : (magnitude << 20) + (120U << 23)));
  }
};

/// The upper byte of an fp16 number.
struct F8E5M2 {
  static ZIMAGE_KERNEL float value(u8 code) { return half_value(static_cast<u32>(code) << 8); }
};

struct Int8 {
  static ZIMAGE_KERNEL float value(u8 code) { return static_cast<float>(static_cast<i8>(code)); }
};

/// Returns whether the columns `a` and `b` of a group meet in an odd number of −1 of the matrix ⊗ⁿH₄, where H₄'s row r
/// has its −1 in column 3 − r: so it is counted in how many pairs of bits they differ twice. They number quads of at
/// most kMostRotated columns, so they have at most 10 bits.
ZIMAGE_KERNEL bool meets_negative(u32 a, u32 b) {
  const u32 difference = a ^ b;
  u32 pairs = difference & (difference >> 1) & 0x155U;
  pairs ^= pairs >> 8;
  pairs ^= pairs >> 4;
  pairs ^= pairs >> 2;
  return (pairs & 1U) != 0;
}

/// Adds up what the codes of a group give to four neighbouring columns, whose first is 4 · `quad`. The sums are exact.
ZIMAGE_KERNEL void rotate_quad(const u8* group, u32 quads, u32 quad, float* values) {
  i32 sums[4] = {0, 0, 0, 0};
  for (u32 other = 0; other < quads; ++other) {
    i32 c[4];
    for (u32 k = 0; k < 4; ++k) c[k] = static_cast<i8>(group[4 * other + k]);
    const i32 all = c[0] + c[1] + c[2] + c[3];
    const bool negative = meets_negative(quad, other);
    for (int k = 0; k < 4; ++k) {
      const i32 part = all - 2 * c[3 - k];
      sums[k] += negative ? -part : part;
    }
  }
  for (int k = 0; k < 4; ++k) values[k] = static_cast<float>(sums[k]);
}

/// Writes numbers that were multiplied by the row's scale, times their columns' scales.
template <int kCount, class T>
ZIMAGE_KERNEL void write_columns(T* out, float* values, const float* column_scale, i64 at) {
  if (column_scale != nullptr) {
    float columns[kCount];
    read<kCount>(column_scale + at, columns);
    for (int k = 0; k < kCount; ++k) values[k] = values[k] * columns[k];
  }
  write<kCount>(out + at, values);
}

template <class Code, int kCount, class T, class Group>
ZIMAGE_KERNEL void unpack_codes(Group g, T* out, const u8* data, float factor, const float* column_scale, i64 columns) {
  g.each(columns / kCount, [=](i64 i) {
    const i64 at = i * kCount;
    const Pack<u8, kCount> codes = *reinterpret_cast<const Pack<u8, kCount>*>(data + at);
    float v[kCount];
    for (int k = 0; k < kCount; ++k) v[k] = Code::value(codes.at[k]) * factor;
    write_columns<kCount>(out, v, column_scale, at);
  });
}

/// The row of a weight, as its element needs it.
template <class T>
struct UnpackRow {
  const u8* data;
  T* out;
  float factor;
  bool packed;
};

template <class T>
ZIMAGE_KERNEL UnpackRow<T> unpack_row(const UnpackArgs& a, i64 row) {
  UnpackRow<T> r;
  r.data = a.data + row * a.row_bytes;
  r.out = static_cast<T*>(a.out) + row * a.out_stride;
  r.factor = a.scale == nullptr ? 1.0F : a.scale[row * a.scale_stride];
  r.packed = a.columns % kPack == 0 && takes_packs(r.data, a.row_bytes) && takes_packs(r.out, a.out_stride) &&
             takes_packs(a.column_scale, 0);
  return r;
}

template <class Code, class T, class Group>
ZIMAGE_KERNEL void unpack_scaled(Group g, const UnpackArgs& a, i64 row) {
  const UnpackRow<T> r = unpack_row<T>(a, row);
  if (r.packed) {
    unpack_codes<Code, kPack>(g, r.out, r.data, r.factor, a.column_scale, a.columns);
  } else {
    unpack_codes<Code, 1>(g, r.out, r.data, r.factor, a.column_scale, a.columns);
  }
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void unpack_f8_e4m3(Group g, const UnpackArgs& a, i64 row) {
  unpack_scaled<F8E4M3, T>(g, a, row);
}

template <class T, class Group>
ZIMAGE_KERNEL void unpack_f8_e5m2(Group g, const UnpackArgs& a, i64 row) {
  unpack_scaled<F8E5M2, T>(g, a, row);
}

template <class T, class Group>
ZIMAGE_KERNEL void unpack_int8(Group g, const UnpackArgs& a, i64 row) {
  if (a.rotation == 0) {
    unpack_scaled<Int8, T>(g, a, row);
    return;
  }
  const UnpackRow<T> r = unpack_row<T>(a, row);
  const u8* data = r.data;
  T* out = r.out;
  const float factor = r.factor * a.rotation_norm;
  const float* column_scale = a.column_scale;
  const bool packed = r.packed;
  const i64 quads = a.rotation / 4;
  g.each(a.columns / 4, [=](i64 i) {
    float v[4];
    rotate_quad(data + i / quads * quads * 4, static_cast<u32>(quads), static_cast<u32>(i % quads), v);
    for (int k = 0; k < 4; ++k) v[k] = v[k] * factor;
    if (packed) {
      write_columns<4>(out, v, column_scale, i * 4);
    } else {
      for (int k = 0; k < 4; ++k) write_columns<1>(out, v + k, column_scale, i * 4 + k);
    }
  });
}

}  // namespace bodies

}  // namespace zimage::nn::kernels

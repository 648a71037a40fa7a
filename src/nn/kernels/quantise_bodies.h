// Quantises rows of numbers to fp8, for products in it (nn/fp8).
#pragma once

#include "nn/kernels/element.h"

namespace zimage::nn::kernels {

/// Returns the code of a number of at most kLargestFp8: fp8 e4m3 has 4 bits of exponent and 3 of mantissa, no infinity,
/// and subnormals below 2^-6.
ZIMAGE_KERNEL u8 e4m3_bits(float value) {
  const u32 bits = bits_of(value);
  const u32 sign = bits >> 24 & 0x80U;
  const u32 magnitude = bits & 0x7FFFFFFFU;
  u32 rounded;
  if (magnitude < 0x3C800000U) {
    // Below 2^-6 the steps are 2^-9, as are those of fp32 from 2^14 on: so a sum with 2^14 rounds.
    rounded = bits_of(float_of(magnitude) + 16384.0F) - 0x46800000U;
  } else {
    rounded = (magnitude - (120U << 23) + 0x7FFFFU + (magnitude >> 20 & 1U)) >> 20;
  }
  return static_cast<u8>(sign | rounded);
}

/// Returns a number that is at most kLargestFp8; what was rounded may lie a little above.
ZIMAGE_KERNEL float within_fp8(float value) {
  return value > kLargestFp8 ? kLargestFp8 : value < -kLargestFp8 ? -kLargestFp8 : value;
}

/// Returns the bits of the largest magnitude. As integers, magnitudes compare as they do as numbers, and infinity and
/// NaN are above all others.
template <int kCount, class T, class Group>
ZIMAGE_KERNEL u32 largest_magnitude(Group g, const T* x, i64 width) {
  return g.largest(width / kCount, [=](i64 i) {
    float v[kCount];
    read<kCount>(x + i * kCount, v);
    u32 most = 0;
    for (int k = 0; k < kCount; ++k) {
      const u32 magnitude = bits_of(v[k]) & 0x7FFFFFFFU;
      most = magnitude > most ? magnitude : most;
    }
    return most;
  });
}

template <int kCount, class T, class Group>
ZIMAGE_KERNEL void quantise_fp8_row(Group g, u8* codes, float* scale, const T* x, i64 width) {
  const u32 bits = largest_magnitude<kCount>(g, x, width);
  const float largest = float_of(bits);
  const bool tiny = largest < kSmallestFp8;  // false of NaN
  const bool usable = !tiny && bits < kFloatInfinity;
  const float inverse = usable ? kLargestFp8 / largest : 0.0F;
  g.each(width / kCount, [=](i64 i) {
    float v[kCount];
    read<kCount>(x + i * kCount, v);
    Pack<u8, kCount> pack;
    for (int k = 0; k < kCount; ++k) pack.at[k] = usable ? e4m3_bits(within_fp8(v[k] * inverse)) : 0;
    *reinterpret_cast<Pack<u8, kCount>*>(codes + i * kCount) = pack;
  });
  g.each(1, [=](i64) { *scale = tiny ? 0.0F : largest / kLargestFp8; });
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void quantise_fp8(Group g, const QuantiseFp8Args& a, i64 row) {
  const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
  u8* codes = a.codes + row * a.codes_stride;
  if (a.width % kPack == 0 && takes_packs(x, a.x_stride) && takes_packs(codes, a.codes_stride)) {
    quantise_fp8_row<kPack>(g, codes, a.scale + row, x, a.width);
  } else {
    quantise_fp8_row<1>(g, codes, a.scale + row, x, a.width);
  }
}

}  // namespace bodies

}  // namespace zimage::nn::kernels

// The elements of the portable kernels, which compute in fp32 whatever the element is. The conversions are written by
// hand, so that every executor rounds alike: to nearest, ties to even. No operation here may be fused with another:
// the CPU's part is compiled with -ffp-contract=off, CUDA's with --fmad=false and IEEE division and roots.
#pragma once

#include "nn/kernels/args.h"

namespace zimage::nn::kernels {

struct Bf16 {
  u16 bits;
};

struct Half {
  u16 bits;
};

ZIMAGE_KERNEL u32 bits_of(float value) {
#if defined(__CUDACC__)
  return __float_as_uint(value);
#else
  return __builtin_bit_cast(u32, value);
#endif
}

ZIMAGE_KERNEL float float_of(u32 bits) {
#if defined(__CUDACC__)
  return __uint_as_float(bits);
#else
  return __builtin_bit_cast(float, bits);
#endif
}

ZIMAGE_KERNEL float square_root(float value) {
#if defined(__CUDACC__)
  return __fsqrt_rn(value);
#else
  return __builtin_sqrtf(value);
#endif
}

constexpr u32 kFloatInfinity = 0x7F800000U;

ZIMAGE_KERNEL u16 bf16_bits(float value) {
  const u32 bits = bits_of(value);
  if ((bits & 0x7FFFFFFFU) > kFloatInfinity) return 0x7FC0U;
  return static_cast<u16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

ZIMAGE_KERNEL u16 half_bits(float value) {
  const u32 bits = bits_of(value);
  const u32 sign = bits >> 16 & 0x8000U;
  const u32 magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > kFloatInfinity) return 0x7E00U;
  if (magnitude >= 0x47800000U) return static_cast<u16>(sign | 0x7C00U);  // from 65536 on
  u32 rounded;
  if (magnitude < 0x38800000U) {
    // Below 2^-14 the steps are 2^-24, as are those of fp32 from 0.5 on: so a sum with 0.5 rounds.
    rounded = bits_of(float_of(magnitude) + 0.5F) - 0x3F000000U;
  } else {
    rounded = (magnitude - (112U << 23) + 0x0FFFU + (magnitude >> 13 & 1U)) >> 13;
  }
  return static_cast<u16>(sign | rounded);
}

ZIMAGE_KERNEL float half_value(u32 bits) {
  const u32 magnitude = bits & 0x7FFFU;
  const u32 exponent = (magnitude < 0x7C00U ? 112U : 224U) << 23;
  const u32 subnormal = bits_of(static_cast<float>(magnitude) * (1.0F / 16777216.0F));
  const u32 value = magnitude < 0x0400U ? subnormal : (magnitude << 13) + exponent;
  return float_of((bits & 0x8000U) << 16 | value);
}

ZIMAGE_KERNEL float value_of(float element) { return element; }
ZIMAGE_KERNEL float value_of(Bf16 element) { return float_of(static_cast<u32>(element.bits) << 16); }
ZIMAGE_KERNEL float value_of(Half element) { return half_value(element.bits); }

ZIMAGE_KERNEL void assign(float& element, float value) { element = value; }
ZIMAGE_KERNEL void assign(Bf16& element, float value) { element.bits = bf16_bits(value); }
ZIMAGE_KERNEL void assign(Half& element, float value) { element.bits = half_bits(value); }

/// Returns the value that an element would keep of this one.
template <class T>
ZIMAGE_KERNEL float rounded(float value) {
  T element;
  assign(element, value);
  return value_of(element);
}

/// Returns e^x within 1 unit in the last place, in operations that every executor does alike: 2^n · e^r, with |r| at
/// most ln 2 / 2, where the Taylor polynomial of degree 7 is within 6e-9.
ZIMAGE_KERNEL float exp_of(float x) {
  if (x != x) return x;
  if (x > 88.8F) return float_of(kFloatInfinity);
  if (x < -104.0F) return 0.0F;
  constexpr float kRounding = 12582912.0F;  // 1.5 · 2^23: adding it leaves the integer n in the lowest bits
  const float shifted = x * 1.44269504F + kRounding;
  const float n = shifted - kRounding;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts, the first of few bits
  float p = 1.0F / 5040.0F;
  p = p * r + 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = r + r * r * p;
  p = p + 1.0F;
  // 2^n in two factors, because it may be out of fp32's range where the product isn't.
  const i32 power = static_cast<i32>(n);
  const i32 first = power / 2;
  const u32 a = static_cast<u32>(first + 127) << 23;
  const u32 b = static_cast<u32>(power - first + 127) << 23;
  return p * float_of(a) * float_of(b);
}

ZIMAGE_KERNEL float silu(float x) { return x / (1.0F + exp_of(-x)); }

/// Neighbouring elements that one access reads or writes.
template <class T, int kCount>
struct alignas(sizeof(T) * kCount) Pack {
  T at[kCount];
};

template <int kCount, class T>
ZIMAGE_KERNEL void read(const T* from, float* values) {
  const Pack<T, kCount> pack = *reinterpret_cast<const Pack<T, kCount>*>(from);
  for (int k = 0; k < kCount; ++k) values[k] = value_of(pack.at[k]);
}

template <int kCount, class T>
ZIMAGE_KERNEL void write(T* to, const float* values) {
  Pack<T, kCount> pack;
  for (int k = 0; k < kCount; ++k) assign(pack.at[k], values[k]);
  *reinterpret_cast<Pack<T, kCount>*>(to) = pack;
}

/// Returns whether rows that begin here, so many elements apart, can be read in packs. A null pointer can.
template <class T>
ZIMAGE_KERNEL bool takes_packs(const T* first, i64 stride) {
  return reinterpret_cast<unsigned long long>(first) % (sizeof(T) * kPack) == 0 && stride % kPack == 0;
}

/// Moves a pointer, unless it is null.
template <class T>
ZIMAGE_KERNEL T* moved(T* pointer, i64 by) {
  return pointer == nullptr ? nullptr : pointer + by;
}

}  // namespace zimage::nn::kernels

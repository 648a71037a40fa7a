// Reads and writes the elements of CPU kernels, which compute in fp32 whatever the element is. Everything here is
// branch-free integer and floating-point arithmetic, so that it vectorises in every clone of a kernel (cpu_clones.h).
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

#include "nn/cpu_clones.h"

namespace zimage::nn::cpu {

ZIMAGE_INLINE std::uint32_t bits_of(float value) { return __builtin_bit_cast(std::uint32_t, value); }
ZIMAGE_INLINE float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// Rounds to bf16, to nearest even; the result is in the upper half. A NaN stays one unless its last 16 bits are nearly
/// all ones, and neither an operation nor a bf16 makes such a NaN.
ZIMAGE_INLINE std::uint32_t bf16_bits(float value) {
  const std::uint32_t bits = bits_of(value);
  return bits + 0x7FFFU + ((bits >> 16) & 1U);
}

ZIMAGE_INLINE float load(float value) { return value; }
ZIMAGE_INLINE float load(c10::BFloat16 value) { return float_of(static_cast<std::uint32_t>(value.x) << 16); }

ZIMAGE_INLINE void store(float& element, float value) { element = value; }
ZIMAGE_INLINE void store(c10::BFloat16& element, float value) {
  element.x = static_cast<std::uint16_t>(bf16_bits(value) >> 16);
}

/// Returns the value that an element would keep of this one. `Element` is only named.
template <class Element>
ZIMAGE_INLINE float rounded(float value);
template <>
ZIMAGE_INLINE float rounded<float>(float value) {
  return value;
}
template <>
ZIMAGE_INLINE float rounded<c10::BFloat16>(float value) {
  return float_of(bf16_bits(value) & 0xFFFF0000U);
}

/// Returns 2^x within 2e-7 of its value; what is below 2^-126 becomes that, and from 2^128 on it is infinite.
/// The polynomial is the relative minimax fit of 2^f on [-1/2, 1/2] with p(0) = 1.
ZIMAGE_INLINE float exp2_of(float x) {
  constexpr float kMagic = 12582912.0F;  // 1.5 · 2^23: a sum with it is rounded to an integer in its last bits
  x = x < -126.0F ? -126.0F : x;
  x = x > 128.0F ? 128.0F : x;
  const float shifted = x + kMagic;
  const float f = x - (shifted - kMagic);
  float p = 1.326472731e-3F;
  p = p * f + 9.671512991e-3F;
  p = p * f + 5.550733581e-2F;
  p = p * f + 2.402224243e-1F;
  p = p * f + 6.931470037e-1F;
  p = p * f + 1.0F;
  return float_of(bits_of(p) + (bits_of(shifted) << 23));
}

}  // namespace zimage::nn::cpu

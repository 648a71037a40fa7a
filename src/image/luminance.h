// Luminance of RGB values by Rec. 601.
#pragma once

#include <concepts>
#include <cstdint>

namespace zimage {

/// 0.299 R + 0.587 G + 0.114 B.
template <std::floating_point T>
T luminance(T red, T green, T blue) {
  return T(0.299) * red + T(0.587) * green + T(0.114) * blue;
}

/// Computes the same for samples, in integers, so that grey stays exactly what it is.
inline std::uint16_t luminance(std::uint16_t red, std::uint16_t green, std::uint16_t blue) {
  // The weights are in 65536ths, and sum to 65536.
  return static_cast<std::uint16_t>((red * 19595U + green * 38470U + blue * 7471U + 32768U) >> 16U);
}

}  // namespace zimage

// The 64-bit FNV-1a hash (Fowler, Noll, Vo): the same in every build, which std::hash needn't be. It tells things apart
// that nobody makes alike on purpose.
#pragma once

#include <cstdint>
#include <span>

namespace zimage {

inline constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325ULL;

inline std::uint64_t fnv1a(std::span<const std::uint8_t> bytes, std::uint64_t basis = kFnvBasis) {
  std::uint64_t hash = basis;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3ULL;
  return hash;
}

}  // namespace zimage

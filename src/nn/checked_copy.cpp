#include "nn/checked_copy.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "nn/cpu_clones.h"
#include "nn/finite.h"

namespace zimage::nn {
namespace {

// Each function copies `count` values, and returns whether one of them isn't finite: only infinities and NaNs have all
// bits of their exponent set. The loops touch bits only, so that every compiler vectorises them.

ZIMAGE_CLONES bool copy_32(const std::uint32_t* from, std::uint32_t* to, std::int64_t count) {
  std::uint32_t bad = 0;
#pragma omp simd reduction(| : bad)
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<std::uint32_t>((from[i] & 0x7F800000U) == 0x7F800000U);
    to[i] = from[i];
  }
  return bad != 0;
}

ZIMAGE_CLONES bool copy_16(const std::uint16_t* from, std::uint16_t* to, std::int64_t count, std::uint16_t exponent) {
  std::uint16_t bad = 0;
#pragma omp simd reduction(| : bad)
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<std::uint16_t>((from[i] & exponent) == exponent);
    to[i] = from[i];
  }
  return bad != 0;
}

ZIMAGE_CLONES bool widen_bf16(const std::uint16_t* from, std::uint32_t* to, std::int64_t count) {
  std::uint16_t bad = 0;
#pragma omp simd reduction(| : bad)
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<std::uint16_t>((from[i] & 0x7F80) == 0x7F80);
    to[i] = static_cast<std::uint32_t>(from[i]) << 16;
  }
  return bad != 0;
}

/// Rounds to the nearest, ties to even, as at::BFloat16 does.
ZIMAGE_CLONES bool narrow_to_bf16(const std::uint32_t* from, std::uint16_t* to, std::int64_t count) {
  std::uint32_t bad = 0;
#pragma omp simd reduction(| : bad)
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<std::uint32_t>((from[i] & 0x7F800000U) == 0x7F800000U);
    to[i] = static_cast<std::uint16_t>((from[i] + 0x7FFFU + ((from[i] >> 16) & 1U)) >> 16);
  }
  return bad != 0;
}

/// Calls copy(from, to, count) for pieces of the tensors, which are contiguous; returns whether none found anything
/// bad.
template <class From, class To, class Copy>
bool in_pieces(const at::Tensor& from, at::Tensor& to, Copy copy) {
  const auto* source = static_cast<const From*>(from.const_data_ptr());
  auto* target = static_cast<To*>(to.mutable_data_ptr());
  std::atomic<bool> finite = true;
  at::parallel_for(0, from.numel(), 1 << 18, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kPiece = 1 << 18;
    for (std::int64_t at = begin; at < end && finite.load(std::memory_order_relaxed); at += kPiece) {
      if (copy(source + at, target + at, std::min(kPiece, end - at))) finite = false;
    }
  });
  return finite;
}

}  // namespace

CheckedCopy copy_and_check(const at::Tensor& from, at::ScalarType dtype) {
  const at::ScalarType stored = from.scalar_type();
  if (stored != dtype && !(stored == at::kBFloat16 && dtype == at::kFloat) &&
      !(stored == at::kFloat && dtype == at::kBFloat16)) {
    // No published file of Z-Image has fp16 weights, so they aren't worth a loop of their own.
    return {from.to(dtype), all_finite(from)};
  }
  CheckedCopy copy{at::empty(from.sizes(), from.options().dtype(dtype)), true};
  if (dtype == at::kFloat && stored == at::kFloat) {
    copy.finite = in_pieces<std::uint32_t, std::uint32_t>(from, copy.data, copy_32);
  } else if (dtype == at::kFloat) {
    copy.finite = in_pieces<std::uint16_t, std::uint32_t>(from, copy.data, widen_bf16);
  } else if (stored == at::kFloat) {
    copy.finite = in_pieces<std::uint32_t, std::uint16_t>(from, copy.data, narrow_to_bf16);
  } else {
    const std::uint16_t exponent = dtype == at::kHalf ? 0x7C00 : 0x7F80;
    copy.finite = in_pieces<std::uint16_t, std::uint16_t>(
        from, copy.data,
        [&](const std::uint16_t* a, std::uint16_t* b, std::int64_t n) { return copy_16(a, b, n, exponent); });
  }
  return copy;
}

Encoding dense_encoding(at::ScalarType dtype) {
  return dtype == at::kFloat ? Encoding::kF32 : dtype == at::kHalf ? Encoding::kF16 : Encoding::kBF16;
}

}  // namespace zimage::nn

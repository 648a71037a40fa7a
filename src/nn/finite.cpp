#include "nn/finite.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

#include "nn/quantised/gguf_blocks.h"
#include "nn/quantised/scaled_rows.h"

namespace zimage::nn {
namespace {

/// Returns whether all values are finite: only infinities and NaNs have all bits of their exponent set.
template <class Bits>
bool finite_bits(const Bits* values, std::int64_t count, Bits exponent) {
  std::atomic<bool> finite = true;
  at::parallel_for(0, count, 1 << 20, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kBlock = 1 << 14;
    for (std::int64_t start = begin; start < end && finite.load(std::memory_order_relaxed); start += kBlock) {
      Bits bad = 0;
      const std::int64_t stop = std::min(end, start + kBlock);
      for (std::int64_t i = start; i < stop; ++i) bad |= static_cast<Bits>((values[i] & exponent) == exponent);
      if (bad != 0) finite = false;
    }
  });
  return finite;
}

const std::uint8_t* row_data(const StoredWeight& weight, std::int64_t row) {
  return weight.data.const_data_ptr<std::uint8_t>() + row * weight.data.stride(0);
}

}  // namespace

bool all_finite(const at::Tensor& tensor) {
  const at::Tensor t = tensor.contiguous();
  switch (t.scalar_type()) {
    case at::kFloat:
      return finite_bits(static_cast<const std::uint32_t*>(t.const_data_ptr()), t.numel(), std::uint32_t{0x7F800000});
    case at::kHalf:
      return finite_bits(static_cast<const std::uint16_t*>(t.const_data_ptr()), t.numel(), std::uint16_t{0x7C00});
    case at::kBFloat16:
      return finite_bits(static_cast<const std::uint16_t*>(t.const_data_ptr()), t.numel(), std::uint16_t{0x7F80});
    default: return at::isfinite(t).all().item<bool>();
  }
}

bool all_finite(const StoredWeight& weight) {
  if (is_dense(weight.encoding)) return all_finite(weight.data);
  if (weight.data.numel() == 0) return true;  // [2^62, 0] would have many rows
  std::atomic<bool> finite = true;
  at::parallel_for(0, weight.row_count(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end && finite.load(std::memory_order_relaxed); ++row) {
      const bool good = is_gguf_block(weight.encoding)
                            ? cpu::gguf_row_finite(weight.encoding, row_data(weight, row), weight.columns())
                            : cpu::scaled_row_finite(weight, row);
      if (!good) finite = false;
    }
  });
  return finite;
}

bool block_scales_finite(const StoredWeight& weight) {
  if (!weight.block_scale.defined()) return true;
  // nvfp4's scales are fp8 e4m3, whose NaNs are 0x7F and 0xFF; mxfp8's are exponents, of which 0xFF is NaN.
  const bool fp8 = weight.encoding == Encoding::kNVFP4;
  const auto* bytes = weight.block_scale.const_data_ptr<std::uint8_t>();
  return std::none_of(bytes, bytes + weight.block_scale.numel(),
                      [&](std::uint8_t b) { return fp8 ? (b & 0x7F) == 0x7F : b == 0xFF; });
}

void FiniteFlag::add(const at::Tensor& tensor) {
  if (tensor.numel() == 0) return;
  // Both propagate NaN. Zero times an infinity is NaN too; in fp64 the difference of finite numbers is finite.
  const auto [least, most] = at::aminmax(tensor);
  const at::Tensor zero = (most.to(at::kDouble) - least.to(at::kDouble)) * 0.0;
  sum_ = sum_.defined() ? sum_ + zero : zero;
}

bool FiniteFlag::finite() const { return !sum_.defined() || sum_.item<double>() == 0.0; }

}  // namespace zimage::nn

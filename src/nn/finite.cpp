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

/// A weight's factors below this can't make its numbers overflow (see FiniteFlag::add).
constexpr double kLargestFactor = 0x1p40;

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

void FiniteFlag::add_to_sum(const at::Tensor& number) { sum_ = sum_.defined() ? sum_ + number : number; }

void FiniteFlag::add(const at::Tensor& tensor) {
  if (tensor.numel() == 0) return;
  // Both propagate NaN. Zero times an infinity is NaN too; in fp64 the difference of finite numbers is finite.
  const auto [least, most] = at::aminmax(tensor);
  add_to_sum((most.to(at::kDouble) - least.to(at::kDouble)) * 0.0);
}

void FiniteFlag::add_codes(const at::Tensor& bytes, std::int64_t mask, std::int64_t least) {
  const at::Tensor codes = mask == 0xFF ? bytes : bytes.bitwise_and(mask);
  add_to_sum(codes.amax().ge(least).to(at::kDouble));
}

void FiniteFlag::add(const StoredWeight& weight) {
  if (is_dense(weight.encoding)) return add(weight.data);
  if (weight.data.numel() == 0) return;
  if (is_gguf_block(weight.encoding)) {
    const EncodingInfo& info = info_of(weight.encoding);
    const std::int64_t blocks = weight.columns() / info.block_values;
    const at::Tensor bytes = weight.data.narrow(1, 0, blocks * info.block_bytes).unflatten(1, {blocks, -1});
    const cpu::Halves halves = cpu::halves_of(weight.encoding);
    add(bytes.narrow(2, halves.first, 2).contiguous().view(at::kHalf));
    if (halves.second != halves.first) add(bytes.narrow(2, halves.second, 2).contiguous().view(at::kHalf));
    return;
  }
  // The numbers' NaNs and infinities, and the blocks' scales: of fp8 e4m3 (nvfp4), or exponents (mxfp8).
  const Encoding encoding = weight.encoding;
  const at::Tensor codes = encoding == Encoding::kNVFP4 ? at::Tensor() : weight.data.narrow(1, 0, weight.columns());
  if (encoding == Encoding::kF8E4M3 || encoding == Encoding::kMXFP8) add_codes(codes, 0x7F, 0x7F);
  if (encoding == Encoding::kF8E5M2) add_codes(codes, 0x7F, 0x7C);
  if (encoding == Encoding::kNVFP4) add_codes(weight.block_scale, 0x7F, 0x7F);
  if (encoding == Encoding::kMXFP8) add_codes(weight.block_scale, 0xFF, 127 + 64);
  // Codes and blocks' scales make numbers below 2^40, or 2^73 with mxfp8's exponents, and sums of rotated int8 below
  // that. With two factors below 2^40 of the former, or one of the latter, they stay far below fp32's 2^128.
  for (const at::Tensor& factor : {weight.scale, weight.column_scale}) {
    if (!factor.defined() || factor.numel() == 0) continue;
    add(factor);
    add_to_sum(factor.abs().amax().ge(kLargestFactor).to(at::kDouble));
  }
}

bool FiniteFlag::finite() const { return !sum_.defined() || sum_.item<double>() == 0.0; }

}  // namespace zimage::nn

#include "nn/channel_norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "nn/cpu_clones.h"
#include "nn/kernels/kernel_ops.h"

namespace zimage::nn {
namespace {

/// Sums are added up within blocks of so many cells, and then over the blocks in their order, so that the result
/// doesn't depend on the number of threads.
constexpr std::int64_t kBlockCells = 256;
/// So many values are enough work to be worth a thread.
constexpr std::int64_t kGrain = 16384;

/// bf16 as its bits.
using BF16 = std::uint16_t;

ZIMAGE_INLINE float load(float x) { return x; }
ZIMAGE_INLINE float load(BF16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16); }

ZIMAGE_INLINE void store(float* to, float x) { *to = x; }
/// Rounds to the nearest, ties to even.
ZIMAGE_INLINE void store(BF16* to, float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  *to = static_cast<BF16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// Returns e^x within 2 units in the last place, in operations that the compiler can vectorise: 2^n · e^r, with |r| at
/// most ln 2 / 2, where the Taylor polynomial of degree 7 is within 6e-9.
ZIMAGE_INLINE float exp_of(float x) {
  constexpr float kRounding = 12582912.0F;  // 1.5 · 2^23: adding it leaves the integer n in the lowest bits
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float shifted = x * 1.44269504F + kRounding;
  const float n = shifted - kRounding;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts, the first of few bits
  float p = 1.0F / 5040.0F;
  p = p * r + 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kRounding) + 127U;
  return p * std::bit_cast<float>(exponent << 23);
}

template <class In, class Out>
ZIMAGE_INLINE void norm_silu_row(Out* out, const In* x, const float* scale, const float* shift, std::int64_t channels) {
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) {
    const float y = load(x[c]) * scale[c] + shift[c];
    store(out + c, y / (1.0F + exp_of(-y)));
  }
}

template <class In, class Out>
ZIMAGE_INLINE void norm_row(Out* out, const In* x, const float* scale, const float* shift, std::int64_t channels) {
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) store(out + c, load(x[c]) * scale[c] + shift[c]);
}

template <class In, class Out>
ZIMAGE_INLINE void norm_cells(Out* out, const In* x, const float* scale, const float* shift, std::int64_t cells,
                              std::int64_t channels, bool silu) {
  for (std::int64_t i = 0; i < cells; ++i) {
    if (silu) {
      norm_silu_row(out + i * channels, x + i * channels, scale, shift, channels);
    } else {
      norm_row(out + i * channels, x + i * channels, scale, shift, channels);
    }
  }
}

template <class In>
ZIMAGE_INLINE void sum_cells(double* sums, const In* x, std::int64_t cells, std::int64_t channels) {
  double* squares = sums + channels;
  for (std::int64_t i = 0; i < cells; ++i) {
    const In* cell = x + i * channels;
#pragma omp simd
    for (std::int64_t c = 0; c < channels; ++c) {
      const double value = load(cell[c]);
      sums[c] += value;
      squares[c] += value * value;
    }
  }
}

// Clones can't be templates.
ZIMAGE_CLONES void norm_block(float* out, const float* x, const float* scale, const float* shift, std::int64_t cells,
                              std::int64_t channels, bool silu) {
  norm_cells(out, x, scale, shift, cells, channels, silu);
}
ZIMAGE_CLONES void norm_block(BF16* out, const BF16* x, const float* scale, const float* shift, std::int64_t cells,
                              std::int64_t channels, bool silu) {
  norm_cells(out, x, scale, shift, cells, channels, silu);
}
ZIMAGE_CLONES void norm_block(float* out, const BF16* x, const float* scale, const float* shift, std::int64_t cells,
                              std::int64_t channels, bool silu) {
  norm_cells(out, x, scale, shift, cells, channels, silu);
}
ZIMAGE_CLONES void sum_block(double* sums, const float* x, std::int64_t cells, std::int64_t channels) {
  sum_cells(sums, x, cells, channels);
}
ZIMAGE_CLONES void sum_block(double* sums, const BF16* x, std::int64_t cells, std::int64_t channels) {
  sum_cells(sums, x, cells, channels);
}

bool is_bf16(const at::Tensor& t) { return t.scalar_type() == at::kBFloat16; }
bool has_kernel(const at::Tensor& t) { return t.is_cpu() && (is_bf16(t) || t.scalar_type() == at::kFloat); }

template <class Out, class In>
void norm_on_cpu(const at::Tensor& out, const at::Tensor& x, const ChannelAffine& norm, bool silu) {
  const std::int64_t channels = x.size(-1);
  auto* to = static_cast<Out*>(out.mutable_data_ptr());
  const auto* from = static_cast<const In*>(x.const_data_ptr());
  const float* scale = norm.scale.const_data_ptr<float>();
  const float* shift = norm.shift.const_data_ptr<float>();
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / channels);
  at::parallel_for(0, x.numel() / channels, grain, [&](std::int64_t begin, std::int64_t end) {
    norm_block(to + begin * channels, from + begin * channels, scale, shift, end - begin, channels, silu);
  });
}

template <class In>
at::Tensor sums_on_cpu(const at::Tensor& x) {
  const std::int64_t channels = x.size(-1);
  const std::int64_t cells = x.numel() / channels;
  const std::int64_t blocks = (cells + kBlockCells - 1) / kBlockCells;
  const at::Tensor partial = at::zeros({blocks, 2, channels}, at::kDouble);
  auto* to = partial.mutable_data_ptr<double>();
  const auto* from = static_cast<const In*>(x.const_data_ptr());
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      sum_block(to + b * 2 * channels, from + b * kBlockCells * channels,
                std::min(kBlockCells, cells - b * kBlockCells), channels);
    }
  });
  return partial.sum(0);
}

}  // namespace

namespace twin {

at::Tensor channel_sums(const at::Tensor& cells) {
  const at::Tensor flat = cells.flatten(0, -2).to(at::kFloat);
  const auto [variance, mean] = at::var_mean(flat, at::IntArrayRef{0}, /*unbiased=*/false);
  const at::Tensor m = mean.to(at::kDouble);
  return at::stack({m, variance.to(at::kDouble) + m.square()}) * flat.size(0);
}

void norm_into(at::Tensor out, const at::Tensor& x, const ChannelAffine& norm, bool silu) {
  at::Tensor y = (x.to(at::kFloat) * norm.scale).add_(norm.shift);
  out.copy_(silu ? at::silu_(y) : y);
}

}  // namespace twin

void ChannelSums::add(const at::Tensor& cells) {
  at::Tensor sums;
  if (auto* executor = kernels::executor_for(cells, kernels::KernelId::kGroupNormParts)) {
    sums = kernels::channel_sums(*executor, cells);
  } else if (!has_kernel(cells)) {
    sums = twin::channel_sums(cells);
  } else {
    sums = is_bf16(cells) ? sums_on_cpu<BF16>(cells) : sums_on_cpu<float>(cells);
  }
  sums_ = sums_.defined() ? sums_ + sums : sums;
  cells_ += cells.numel() / cells.size(-1);
}

ChannelAffine ChannelSums::group_norm(std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                                      double eps) const {
  const std::int64_t width = sums_.size(1) / groups;
  const at::Tensor means = sums_.view({2, groups, width}).sum(-1) / static_cast<double>(cells_ * width);
  const at::Tensor variance = (means[1] - means[0].square()).clamp_min(0.0);
  const at::Tensor rstd = at::rsqrt(variance + eps).repeat_interleave(width);
  const at::Tensor scale = weight.to(at::kDouble) * rstd;
  const at::Tensor shift = bias.to(at::kDouble) - means[0].repeat_interleave(width) * scale;
  return {scale.to(at::kFloat), shift.to(at::kFloat)};
}

void norm_into(at::Tensor out, const at::Tensor& x, const ChannelAffine& norm, bool silu) {
  auto* executor =
      x.scalar_type() == out.scalar_type() ? kernels::executor_for(x, kernels::KernelId::kGroupNormApply) : nullptr;
  if (executor != nullptr) {
    kernels::channel_norm(*executor, out, x, at::stack({norm.scale, norm.shift}), silu);
  } else if (!has_kernel(x) || !has_kernel(out) || (is_bf16(out) && !is_bf16(x))) {
    twin::norm_into(out, x, norm, silu);
  } else if (!is_bf16(x)) {
    norm_on_cpu<float, float>(out, x, norm, silu);
  } else if (is_bf16(out)) {
    norm_on_cpu<BF16, BF16>(out, x, norm, silu);
  } else {
    norm_on_cpu<float, BF16>(out, x, norm, silu);
  }
}

}  // namespace zimage::nn

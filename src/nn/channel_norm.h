// GroupNorm for maps [H, W, C] that arrive in strips: first the sums over all strips, then the norm of each strip.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace zimage::nn {

/// What a norm does to a channel: x · scale + shift. Both are fp32 [C].
struct ChannelAffine {
  at::Tensor scale, shift;
};

/// The sums over a map's cells that GroupNorm needs, in fp64, so that they don't depend on how the map was cut.
class ChannelSums {
 public:
  /// Adds cells [..., C], which are contiguous.
  void add(const at::Tensor& cells);
  /// Returns the GroupNorm of everything that was added; weight and bias [C].
  ChannelAffine group_norm(std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double eps) const;

 private:
  at::Tensor sums_;  ///< fp64 [2, C], on the cells' device: of x and of x²
  std::int64_t cells_ = 0;
};

/// Writes silu(x · scale + shift) to `out`, without the SiLU if that isn't wanted. Both are contiguous, [..., C]; `out`
/// may have another dtype. What lies between is fp32 and is rounded once.
void norm_into(at::Tensor out, const at::Tensor& x, const ChannelAffine& norm, bool silu);

/// The ATen twins of the kernels: those of the CPU and the portable ones (nn/kernels) are tested against them, and they
/// serve devices and dtypes that have neither.
namespace twin {
at::Tensor channel_sums(const at::Tensor& cells);
void norm_into(at::Tensor out, const at::Tensor& x, const ChannelAffine& norm, bool silu);
}  // namespace twin

}  // namespace zimage::nn

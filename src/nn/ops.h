// The operations a block is made of. Each takes any device and dtype; fp32 and bf16 on the CPU have fused kernels
// (cpu_kernels.h), everything else runs as ATen operations that round where the reference does.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

namespace zimage::nn {

/// Returns x · rsqrt(mean(x²) + eps) · weight over the last dimension, with statistics in fp32. x [..., D], weight [D].
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Returns rms_norm(x) · scale, with scale [1, 1, D] (AdaLN). x [B, L, D].
at::Tensor modulated_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale);

/// Returns x + gate · rms_norm(y), the sandwich norm's residual; gate [1, 1, D] or undefined (1). x, y [B, L, D].
/// x may be overwritten.
at::Tensor add_gated_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate);

/// Returns x + gate · rms_norm(y), and modulated_rms_norm() of that: a residual and the norm that follows it. x may be
/// overwritten.
std::pair<at::Tensor, at::Tensor> add_gated_norm_then_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight,
                                                            double eps, const at::Tensor& gate,
                                                            const at::Tensor& next_weight,
                                                            const at::Tensor& next_scale);

/// Returns the LayerNorm of x without affine parameters, times scale [1, 1, D]. x [B, L, D].
at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale);

/// Computes silu(gate) · up; gate is overwritten and returned.
at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up);

/// Applies per-head RMSNorm, then the rotary embedding of interleaved pairs. Returns x [B, L, H, d], which may be
/// overwritten; weight [d]; rope [L, d/2, 2] fp32 (cos, sin).
at::Tensor norm_rope_(at::Tensor x, const at::Tensor& weight, double eps, const at::Tensor& rope);

/// Applies norm_rope_ to q and to k, each with its own weight. They may be columns of one tensor: the elements of a
/// head are neighbours, and its tokens are as far apart as they like.
std::pair<at::Tensor, at::Tensor> norm_rope_both_(at::Tensor q, const at::Tensor& q_weight, at::Tensor k,
                                                  const at::Tensor& k_weight, double eps, const at::Tensor& rope);

/// Computes scaled dot-product attention without a mask. q, k, v [B, L, H, d] → [B, L, H·d]. `calls` is how many calls
/// of this shape are to come, about: on CUDA some kernels aren't worth their preparation for a few
/// (nn/attention_choice.h).
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double calls = 1);

/// Computes causal attention with grouped key and value heads. q [1, L, H, d], k and v [1, L, Hkv, d] → [1, L, H·d].
at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// Returns the GroupNorm of x [N, C, H, W], or its SiLU. In card mode a channels-last map stays one; weight, bias [C].
at::Tensor group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                      double eps, bool silu);

/// The ATen twins of the fused kernels: the kernels are tested against them, and they serve other devices and dtypes.
namespace twin {
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor add_gated_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double eps,
                          const at::Tensor& gate);
at::Tensor norm_rope(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& rope);
at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale);
at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up);
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
at::Tensor group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                      double eps, bool silu);
}  // namespace twin

}  // namespace zimage::nn

// The operations a block is made of. Each takes any device and dtype; fp32 and bf16 on the CPU have fused kernels
// (cpu_kernels.h), everything else runs as ATen operations that round where the reference does.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage::nn {

/// Returns x · rsqrt(mean(x²) + eps) · weight over the last dimension, with statistics in fp32. x [..., D], weight [D].
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// Returns rms_norm(x) · scale, with scale [1, 1, D] (AdaLN). x [B, L, D].
at::Tensor modulated_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale);

/// Returns x + gate · rms_norm(y), the sandwich norm's residual; gate [1, 1, D] or undefined (1). x, y [B, L, D].
/// x may be overwritten.
at::Tensor add_gated_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate);

/// Returns the LayerNorm of x without affine parameters, times scale [1, 1, D]. x [B, L, D].
at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale);

/// Computes silu(gate) · up; gate is overwritten and returned.
at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up);

/// Applies per-head RMSNorm, then the rotary embedding of interleaved pairs. Returns x [B, L, H, d], which may be
/// overwritten; weight [d]; rope [L, d/2, 2] fp32 (cos, sin).
at::Tensor norm_rope_(at::Tensor x, const at::Tensor& weight, double eps, const at::Tensor& rope);

/// Computes scaled dot-product attention without a mask. q, k, v [B, L, H, d] → [B, L, H·d].
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// Computes causal attention with grouped key and value heads. q [1, L, H, d], k and v [1, L, Hkv, d] → [1, L, H·d].
at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// The ATen twins of the fused kernels: the kernels are tested against them, and they serve other devices and dtypes.
namespace twin {
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor add_gated_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double eps,
                          const at::Tensor& gate);
at::Tensor norm_rope(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& rope);
at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale);
at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up);
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
}  // namespace twin

}  // namespace zimage::nn

// Fused kernels for the CPU: one pass over memory where ATen takes three to five. They take contiguous tensors of fp32
// or bf16, compute in fp32, and round where the ATen operations they replace round.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace zimage::nn::cpu {

/// Computes out = x · rsqrt(mean(x²) + eps) · weight · scale for rows of `dim`; scale may be null.
template <class T>
void rms_norm(T* out, const T* x, const T* weight, const T* scale, std::int64_t rows, std::int64_t dim, double eps);

/// Computes x += gate · (y · rsqrt(mean(y²) + eps) · weight) for rows of `dim`; gate may be null.
template <class T>
void add_gated_norm(T* x, const T* y, const T* weight, const T* gate, std::int64_t rows, std::int64_t dim, double eps);

/// Applies per-head RMSNorm, then the rotary embedding, in place. x [batch, tokens, heads, dim],
/// rope [tokens, dim/2, 2].
template <class T>
void norm_rope(T* x, const T* weight, const float* rope, std::int64_t batch, std::int64_t tokens, std::int64_t heads,
               std::int64_t dim, double eps);

/// Computes gate = silu(gate) · up, of bf16 only: ATen's own kernels are as fast in fp32.
void swiglu(c10::BFloat16* gate, const c10::BFloat16* up, std::int64_t count);

/// Computes out = (x − mean(x)) · rsqrt(var(x) + eps) · scale for rows of `dim`, of bf16 only.
void layer_norm(c10::BFloat16* out, const c10::BFloat16* x, const c10::BFloat16* scale, std::int64_t rows,
                std::int64_t dim, double eps);

}  // namespace zimage::nn::cpu

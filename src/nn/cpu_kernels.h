// Fused fp32 kernels for the CPU: one pass over memory where ATen takes three to five. Contiguous tensors only.
#pragma once

#include <cstdint>

namespace zimage::nn::cpu {

/// Computes out = x · rsqrt(mean(x²) + eps) · weight · scale for rows of `dim`; scale may be null.
void rms_norm(float* out, const float* x, const float* weight, const float* scale, std::int64_t rows, std::int64_t dim,
              double eps);

/// Computes x += gate · (y · rsqrt(mean(y²) + eps) · weight) for rows of `dim`; gate may be null.
void add_gated_norm(float* x, const float* y, const float* weight, const float* gate, std::int64_t rows,
                    std::int64_t dim, double eps);

/// Applies per-head RMSNorm, then the rotary embedding, in place. x [batch, tokens, heads, dim],
/// rope [tokens, dim/2, 2].
void norm_rope(float* x, const float* weight, const float* rope, std::int64_t batch, std::int64_t tokens,
               std::int64_t heads, std::int64_t dim, double eps);

}  // namespace zimage::nn::cpu

#include "nn/cpu_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "nn/cpu_clones.h"

namespace zimage::nn::cpu {
namespace {

/// Returns how many rows are enough work to be worth a thread.
std::int64_t grain(std::int64_t dim) { return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(dim, 1)); }

ZIMAGE_CLONES float inverse_rms(const float* x, std::int64_t dim, double eps) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < dim; ++i) sum += x[i] * x[i];
  return 1.0F / std::sqrt(sum / static_cast<float>(dim) + static_cast<float>(eps));
}

ZIMAGE_CLONES void scale_row(float* out, const float* x, const float* weight, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) out[i] = x[i] * r * weight[i];
}

ZIMAGE_CLONES void modulate_row(float* out, const float* x, const float* weight, const float* scale, float r,
                                std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) out[i] = x[i] * r * weight[i] * scale[i];
}

ZIMAGE_CLONES void add_row(float* x, const float* y, const float* weight, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) x[i] += y[i] * r * weight[i];
}

ZIMAGE_CLONES void add_gated_row(float* x, const float* y, const float* weight, const float* gate, float r,
                                 std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) x[i] += gate[i] * (y[i] * r * weight[i]);
}

ZIMAGE_CLONES void rotate_row(float* x, const float* weight, const float* rope, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; i += 2) {
    const float a = x[i] * r * weight[i];
    const float b = x[i + 1] * r * weight[i + 1];
    x[i] = a * rope[i] - b * rope[i + 1];
    x[i + 1] = a * rope[i + 1] + b * rope[i];
  }
}

}  // namespace

void rms_norm(float* out, const float* x, const float* weight, const float* scale, std::int64_t rows, std::int64_t dim,
              double eps) {
  at::parallel_for(0, rows, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* in = x + row * dim;
      const float r = inverse_rms(in, dim, eps);
      if (scale != nullptr) {
        modulate_row(out + row * dim, in, weight, scale, r, dim);
      } else {
        scale_row(out + row * dim, in, weight, r, dim);
      }
    }
  });
}

void add_gated_norm(float* x, const float* y, const float* weight, const float* gate, std::int64_t rows,
                    std::int64_t dim, double eps) {
  at::parallel_for(0, rows, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* in = y + row * dim;
      const float r = inverse_rms(in, dim, eps);
      if (gate != nullptr) {
        add_gated_row(x + row * dim, in, weight, gate, r, dim);
      } else {
        add_row(x + row * dim, in, weight, r, dim);
      }
    }
  });
}

void norm_rope(float* x, const float* weight, const float* rope, std::int64_t batch, std::int64_t tokens,
               std::int64_t heads, std::int64_t dim, double eps) {
  at::parallel_for(0, batch * tokens * heads, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* head = x + row * dim;
      rotate_row(head, weight, rope + (row / heads % tokens) * dim, inverse_rms(head, dim, eps), dim);
    }
  });
}

}  // namespace zimage::nn::cpu

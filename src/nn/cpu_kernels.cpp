#include "nn/cpu_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "nn/cpu_clones.h"
#include "nn/cpu_element.h"

// A row operation is written once, as a template that is inlined into a clone for each element: gcc clones functions
// only.
namespace zimage::nn::cpu {
namespace {

using c10::BFloat16;

/// Returns how many rows are enough work to be worth a thread.
std::int64_t grain(std::int64_t dim) { return std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(dim, 1)); }

template <class T>
ZIMAGE_INLINE float inverse_rms_of(const T* x, std::int64_t dim, double eps) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < dim; ++i) sum += load(x[i]) * load(x[i]);
  return 1.0F / std::sqrt(sum / static_cast<float>(dim) + static_cast<float>(eps));
}

/// Returns x · r · weight; the reference rounds the normalised value before it is weighted.
template <class T>
ZIMAGE_INLINE float weighted(T x, float r, T weight) {
  return rounded<T>(load(x) * r) * load(weight);
}

template <class T>
ZIMAGE_INLINE void scale_row_of(T* out, const T* x, const T* weight, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) store(out[i], weighted(x[i], r, weight[i]));
}

template <class T>
ZIMAGE_INLINE void modulate_row_of(T* out, const T* x, const T* weight, const T* scale, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) store(out[i], rounded<T>(weighted(x[i], r, weight[i])) * load(scale[i]));
}

template <class T>
ZIMAGE_INLINE void add_row_of(T* x, const T* y, const T* weight, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) store(x[i], load(x[i]) + rounded<T>(weighted(y[i], r, weight[i])));
}

template <class T>
ZIMAGE_INLINE void add_gated_row_of(T* x, const T* y, const T* weight, const T* gate, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) {
    store(x[i], load(x[i]) + rounded<T>(load(gate[i]) * rounded<T>(weighted(y[i], r, weight[i]))));
  }
}

template <class T>
ZIMAGE_INLINE void rotate_row_of(T* x, const T* weight, const float* rope, float r, std::int64_t dim) {
#pragma omp simd
  for (std::int64_t i = 0; i < dim; i += 2) {
    const float a = rounded<T>(weighted(x[i], r, weight[i]));
    const float b = rounded<T>(weighted(x[i + 1], r, weight[i + 1]));
    store(x[i], a * rope[i] - b * rope[i + 1]);
    store(x[i + 1], a * rope[i + 1] + b * rope[i]);
  }
}

#define ZIMAGE_ROW_OPERATIONS(T)                                                                                    \
  ZIMAGE_CLONES float inverse_rms(const T* x, std::int64_t dim, double eps) { return inverse_rms_of(x, dim, eps); } \
  ZIMAGE_CLONES void scale_row(T* out, const T* x, const T* weight, float r, std::int64_t dim) {                    \
    scale_row_of(out, x, weight, r, dim);                                                                           \
  }                                                                                                                 \
  ZIMAGE_CLONES void modulate_row(T* out, const T* x, const T* weight, const T* scale, float r, std::int64_t dim) { \
    modulate_row_of(out, x, weight, scale, r, dim);                                                                 \
  }                                                                                                                 \
  ZIMAGE_CLONES void add_row(T* x, const T* y, const T* weight, float r, std::int64_t dim) {                        \
    add_row_of(x, y, weight, r, dim);                                                                               \
  }                                                                                                                 \
  ZIMAGE_CLONES void add_gated_row(T* x, const T* y, const T* weight, const T* gate, float r, std::int64_t dim) {   \
    add_gated_row_of(x, y, weight, gate, r, dim);                                                                   \
  }                                                                                                                 \
  ZIMAGE_CLONES void rotate_row(T* x, const T* weight, const float* rope, float r, std::int64_t dim) {              \
    rotate_row_of(x, weight, rope, r, dim);                                                                         \
  }

ZIMAGE_ROW_OPERATIONS(float)
ZIMAGE_ROW_OPERATIONS(BFloat16)
#undef ZIMAGE_ROW_OPERATIONS

ZIMAGE_CLONES void swiglu_row(BFloat16* gate, const BFloat16* up, std::int64_t count) {
  constexpr float kLog2E = 1.44269504F;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = load(gate[i]);
    store(gate[i], rounded<BFloat16>(x / (1.0F + exp2_of(-kLog2E * x))) * load(up[i]));
  }
}

ZIMAGE_CLONES void layer_norm_row(BFloat16* out, const BFloat16* x, const BFloat16* scale, std::int64_t dim,
                                  double eps) {
  float sum = 0.0F;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < dim; ++i) sum += load(x[i]);
  const float mean = sum / static_cast<float>(dim);
  float squares = 0.0F;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < dim; ++i) squares += (load(x[i]) - mean) * (load(x[i]) - mean);
  const float r = 1.0F / std::sqrt(squares / static_cast<float>(dim) + static_cast<float>(eps));
#pragma omp simd
  for (std::int64_t i = 0; i < dim; ++i) {
    store(out[i], rounded<BFloat16>((load(x[i]) - mean) * r) * load(scale[i]));
  }
}

}  // namespace

template <class T>
void rms_norm(T* out, const T* x, const T* weight, const T* scale, std::int64_t rows, std::int64_t dim, double eps) {
  at::parallel_for(0, rows, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* in = x + row * dim;
      const float r = inverse_rms(in, dim, eps);
      if (scale != nullptr) {
        modulate_row(out + row * dim, in, weight, scale, r, dim);
      } else {
        scale_row(out + row * dim, in, weight, r, dim);
      }
    }
  });
}

template <class T>
void add_gated_norm(T* x, const T* y, const T* weight, const T* gate, std::int64_t rows, std::int64_t dim, double eps) {
  at::parallel_for(0, rows, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* in = y + row * dim;
      const float r = inverse_rms(in, dim, eps);
      if (gate != nullptr) {
        add_gated_row(x + row * dim, in, weight, gate, r, dim);
      } else {
        add_row(x + row * dim, in, weight, r, dim);
      }
    }
  });
}

template <class T>
void norm_rope(T* x, const T* weight, const float* rope, std::int64_t batch, std::int64_t tokens, std::int64_t heads,
               std::int64_t dim, double eps) {
  at::parallel_for(0, batch * tokens * heads, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      T* head = x + row * dim;
      rotate_row(head, weight, rope + (row / heads % tokens) * dim, inverse_rms(head, dim, eps), dim);
    }
  });
}

template void rms_norm(float*, const float*, const float*, const float*, std::int64_t, std::int64_t, double);
template void rms_norm(BFloat16*, const BFloat16*, const BFloat16*, const BFloat16*, std::int64_t, std::int64_t,
                       double);
template void add_gated_norm(float*, const float*, const float*, const float*, std::int64_t, std::int64_t, double);
template void add_gated_norm(BFloat16*, const BFloat16*, const BFloat16*, const BFloat16*, std::int64_t, std::int64_t,
                             double);
template void norm_rope(float*, const float*, const float*, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
                        double);
template void norm_rope(BFloat16*, const BFloat16*, const float*, std::int64_t, std::int64_t, std::int64_t,
                        std::int64_t, double);

void swiglu(BFloat16* gate, const BFloat16* up, std::int64_t count) {
  at::parallel_for(0, count, 16384,
                   [&](std::int64_t begin, std::int64_t end) { swiglu_row(gate + begin, up + begin, end - begin); });
}

void layer_norm(BFloat16* out, const BFloat16* x, const BFloat16* scale, std::int64_t rows, std::int64_t dim,
                double eps) {
  at::parallel_for(0, rows, grain(dim), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) layer_norm_row(out + row * dim, x + row * dim, scale, dim, eps);
  });
}

}  // namespace zimage::nn::cpu

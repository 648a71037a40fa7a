#include "sampling/guidance.h"

#include <ATen/ATen.h>

namespace zimage {
namespace {

/// Returns each picture's L2 norm, `[N, 1, 1, 1]`.
at::Tensor norms(const at::Tensor& batch) { return at::linalg_vector_norm(batch, 2, {1, 2, 3}, /*keepdim=*/true); }

}  // namespace

at::Tensor guide(const at::Tensor& positive, const at::Tensor& negative, double scale, double normalization) {
  const at::Tensor guided = negative + (positive - negative) * scale;
  if (!(normalization > 0.0)) return guided;
  const at::Tensor norm = norms(guided);
  const at::Tensor largest = norms(positive) * normalization;
  return guided * at::where(norm > largest, largest / norm, at::ones_like(norm));
}

}  // namespace zimage

// Classifier-free guidance.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// Returns `negative + scale·(positive − negative)`; for a scale of 1 that is the positive prediction.
at::Tensor guide(const at::Tensor& positive, const at::Tensor& negative, double scale);

}  // namespace zimage

// Classifier-free guidance.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// `negative + scale·(positive − negative)`; a scale of 1 is the positive prediction.
at::Tensor guide(const at::Tensor& positive, const at::Tensor& negative, double scale);

}  // namespace zimage

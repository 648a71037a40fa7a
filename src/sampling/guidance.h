// Classifier-free guidance.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// Returns `negative + scale·(positive − negative)`; for a scale of 1 that is the positive prediction. diffusers writes
/// `positive + g·(positive − negative)` for the same with g = scale − 1.
///
/// With a `normalization` above 0, a picture of the batch whose result has a larger L2 norm than `normalization` times
/// its positive prediction is scaled down to that norm (diffusers' cfg_normalization, in fp32 like the predictions).
at::Tensor guide(const at::Tensor& positive, const at::Tensor& negative, double scale, double normalization = 0.0);

}  // namespace zimage

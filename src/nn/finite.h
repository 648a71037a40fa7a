// Checks that weights are finite numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include "weights/stored_weight.h"

namespace zimage::nn {

/// Returns whether every value of a CPU tensor of dtype F32, F16 or BF16 is finite. Reads each byte once.
bool all_finite(const at::Tensor& tensor);

/// Returns whether every value that a weight on the CPU stands for is finite. Reads each byte once at most: of
/// encodings whose only numbers that may not be finite are scales, just those.
bool all_finite(const StoredWeight& weight);

/// Returns whether the scales of its blocks, `block_scale`, are finite; true if it has none.
bool block_scales_finite(const StoredWeight& weight);

}  // namespace zimage::nn

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

/// Checks many tensors on a device, and asks the device for the answer once.
class FiniteFlag {
 public:
  /// Adds a tensor of a floating-point dtype. It doesn't wait for the device, and takes no memory but a few numbers.
  void add(const at::Tensor& tensor);
  /// Returns whether every value of every tensor is finite. Waits for the device.
  bool finite() const;

 private:
  at::Tensor sum_;  ///< fp64 on the device: 0 while all is finite, then NaN; undefined: nothing was added
};

}  // namespace zimage::nn

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
  /// Adds a stored weight without waiting for the device and without making numbers of it: of quantised ones the codes
  /// and the scales are looked at, of which it may take a copy for a moment. It errs on one side: scales above 2^40,
  /// and those of padding, count as bad too, so that whoever is told has to look at the weight itself.
  void add(const StoredWeight& weight);
  /// Returns whether every value of every tensor is finite. Waits for the device.
  bool finite() const;

 private:
  /// Adds whether any of the bytes is at least `least` once it is masked.
  void add_codes(const at::Tensor& bytes, std::int64_t mask, std::int64_t least);
  void add_to_sum(const at::Tensor& number);

  at::Tensor sum_;  ///< fp64 on the device: 0 while all is finite; undefined: nothing was added
};

}  // namespace zimage::nn

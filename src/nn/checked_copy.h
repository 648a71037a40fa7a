// Copies and converts weights and checks them in the same pass.
#pragma once

#include <ATen/core/Tensor.h>

#include "weights/stored_weight.h"

namespace zimage::nn {

struct CheckedCopy {
  at::Tensor data;
  bool finite = true;  ///< if false, `data` may be incomplete
};

/// Copies a contiguous CPU tensor of dtype F32, F16 or BF16 into memory of its own, in `dtype`, rounding as
/// at::Tensor::to() does, and checks that every value is finite. Each byte is read once.
CheckedCopy copy_and_check(const at::Tensor& from, at::ScalarType dtype);

/// Returns the encoding of a dense weight in `dtype`, which is F32, F16 or BF16.
Encoding dense_encoding(at::ScalarType dtype);

}  // namespace zimage::nn

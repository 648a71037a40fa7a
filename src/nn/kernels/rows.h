// How a tensor looks to a kernel: rows that lie equally far apart.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "nn/kernels/launch.h"

namespace zimage::nn::kernels {

/// Returns the element of a dtype that kernels take.
std::optional<ElementId> element_of(at::ScalarType dtype);

/// The rows over a tensor's last dimension. `tensor` owns them.
struct Rows {
  at::Tensor tensor;
  i64 count = 0;
  i64 width = 0;
  i64 stride = 0;  ///< from one row to the next, in elements
};

/// Returns whether a tensor's rows lie equally far apart, with neighbouring elements.
bool has_rows(const at::Tensor& x);
/// Returns the rows of x, or those of a contiguous copy.
Rows rows_of(const at::Tensor& x);
/// Returns the rows of x itself; has_rows() must hold.
Rows rows_in_place(const at::Tensor& x);

/// Returns whether a kernel can take the heads of x [B, L, H, d]: their elements are neighbours, and so are pictures.
bool has_heads(const at::Tensor& x);

/// Returns where a vector of so many elements like x's begins, or null if it is undefined. Its other sides are 1.
const void* vector_of(const at::Tensor& vector, const at::Tensor& x, i64 size);

}  // namespace zimage::nn::kernels

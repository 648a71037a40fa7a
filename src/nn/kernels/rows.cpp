#include "nn/kernels/rows.h"

#include <ATen/ATen.h>

namespace zimage::nn::kernels {
namespace {

/// Returns the distance of rows, or nothing if it isn't the same for all.
std::optional<i64> row_stride(const at::Tensor& x) {
  if (x.dim() == 0 || (x.size(-1) > 1 && x.stride(-1) != 1)) return std::nullopt;
  std::optional<i64> stride;
  i64 next = 0;
  for (std::int64_t d = x.dim() - 2; d >= 0; --d) {
    if (x.size(d) == 1) continue;
    if (stride && x.stride(d) != next) return std::nullopt;
    if (!stride) stride = x.stride(d);
    next = x.stride(d) * x.size(d);
  }
  return stride.value_or(x.size(-1));  // of a single row, any
}

Rows rows_with(const at::Tensor& x, i64 stride) {
  const i64 width = x.size(-1);
  return {x, width == 0 ? 0 : x.numel() / width, width, stride};
}

}  // namespace

std::optional<ElementId> element_of(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat: return ElementId::kFloat;
    case at::kBFloat16: return ElementId::kBf16;
    case at::kHalf: return ElementId::kHalf;
    default: return std::nullopt;
  }
}

bool has_rows(const at::Tensor& x) { return row_stride(x).has_value(); }

Rows rows_of(const at::Tensor& x) {
  const auto stride = row_stride(x);
  return stride ? rows_with(x, *stride) : rows_with(x.contiguous(), x.size(-1));
}

Rows rows_in_place(const at::Tensor& x) {
  const auto stride = row_stride(x);
  TORCH_CHECK(stride.has_value(), "the rows of a tensor that a kernel changes must lie equally far apart");
  return rows_with(x, *stride);
}

bool has_heads(const at::Tensor& x) {
  return x.dim() == 4 && (x.size(3) == 1 || x.stride(3) == 1) &&
         (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1));
}

const void* vector_of(const at::Tensor& vector, const at::Tensor& x, i64 size) {
  if (!vector.defined()) return nullptr;
  TORCH_CHECK(vector.numel() == size && vector.size(-1) == size && vector.is_contiguous() &&
                  vector.scalar_type() == x.scalar_type() && vector.device() == x.device(),
              "a kernel's weights, scales and gates must be vectors of a row's length and of its dtype and device");
  return vector.const_data_ptr();
}

}  // namespace zimage::nn::kernels

#include "nn/workspace.h"

#include <ATen/ATen.h>

namespace zimage::nn {

at::Tensor Workspace::take(std::int64_t rows, std::int64_t columns, at::ScalarType dtype, at::Device device) {
  const std::int64_t values = rows * columns;
  const std::int64_t bytes = values * static_cast<std::int64_t>(c10::elementSize(dtype));
  if (!buffer_.defined() || buffer_.numel() < bytes || buffer_.device() != device) {
    buffer_.reset();  // the old one leaves memory before the new one is allocated
    buffer_ = at::empty({bytes}, at::TensorOptions(at::kByte).device(device));
  }
  return buffer_.narrow(0, 0, bytes).view(dtype).view({rows, columns});
}

}  // namespace zimage::nn

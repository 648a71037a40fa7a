// Memory for intermediate values that layers use one after another.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace zimage::nn {

/// A buffer that grows to the largest request and is used again. What take() returned is overwritten by the next use,
/// so one thread at a time may use it.
class Workspace {
 public:
  /// Returns uninitialised memory as a contiguous tensor [rows, columns].
  at::Tensor take(std::int64_t rows, std::int64_t columns, at::ScalarType dtype, at::Device device);
  /// Returns the buffer's size in bytes.
  std::uint64_t bytes() const { return buffer_.defined() ? buffer_.nbytes() : 0; }

 private:
  at::Tensor buffer_;
};

}  // namespace zimage::nn

#include "nn/stream/host_store.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace zimage::nn {
namespace {

/// Kernels load vectors, and cuBLAS wants 16 bytes at least; 256 is what CUDA's own allocator gives.
constexpr std::int64_t kAlignment = 256;

}  // namespace

template <class F>
void HostStore::for_each_piece(const Range& range, F f) const {
  for (std::int64_t at = range.begin; at < range.end;) {
    const std::int64_t start = at % block_;
    const std::int64_t count = std::min(block_ - start, range.end - at);
    f(blocks_[static_cast<std::size_t>(at / block_)].narrow(0, start, count), at - range.begin);
    at += count;
  }
}

HostStore::Range HostStore::append(const at::Tensor& tensor) {
  const at::Tensor bytes = tensor.contiguous().view({-1}).view(at::kByte);
  const Range range{size_, size_ + bytes.numel()};
  size_ = (range.end + kAlignment - 1) / kAlignment * kAlignment;
  while (static_cast<std::int64_t>(blocks_.size()) * block_ < size_) {
    blocks_.push_back(at::empty({block_}, at::TensorOptions(at::kByte).pinned_memory(pinned_)));
  }
  for_each_piece(range,
                 [&](at::Tensor piece, std::int64_t offset) { piece.copy_(bytes.narrow(0, offset, piece.numel())); });
  return range;
}

void HostStore::copy_to(const at::Tensor& out, const Range& range) const {
  for_each_piece(range, [&](const at::Tensor& piece, std::int64_t offset) {
    out.narrow(0, offset, piece.numel()).copy_(piece, /*non_blocking=*/true);
  });
}

}  // namespace zimage::nn

// The host's copies of what is streamed to a device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace zimage::nn {

/// Bytes in large blocks. They are pinned if they go to a device, so that it can fetch them by itself. An Uploader has
/// pinned memory too, but nothing else in common with this: it hands weights on once, through two buffers that the host
/// has to wait for, and this keeps them for every forward, while the device's streams wait for each other (SlotOrder).
class HostStore {
 public:
  /// A range of the stored bytes.
  struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t bytes() const { return end - begin; }
  };

  /// `block` is the size of a block in bytes. libtorch's allocator of pinned memory rounds up to powers of two, so this
  /// should be one, and only the last block's rest is lost.
  explicit HostStore(bool pinned, std::int64_t block = std::int64_t{64} << 20) : pinned_(pinned), block_(block) {}

  /// Appends a tensor's values, aligned, and returns where they are.
  Range append(const at::Tensor& tensor);
  /// Starts to copy a range to `out`, bytes [n] with n ≥ range.bytes().
  void copy_to(const at::Tensor& out, const Range& range) const;

  std::int64_t size() const { return size_; }

 private:
  /// Calls f(block's bytes, offset within the range) for each piece of a range.
  template <class F>
  void for_each_piece(const Range& range, F f) const;

  bool pinned_;
  std::int64_t block_;
  std::int64_t size_ = 0;
  std::vector<at::Tensor> blocks_;
};

}  // namespace zimage::nn

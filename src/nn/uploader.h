// Moves weights to a device through two buffers: while the device copies from one, the CPU fills the other.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace zimage::nn {

/// What an Uploader asks of a device; tests replace it.
class UploadDevice {
 public:
  virtual ~UploadDevice() = default;
  /// Returns bytes of the host that the device can copy from by itself.
  virtual at::Tensor host_bytes(std::int64_t count) = 0;
  /// Returns memory of the device for a tensor like `tensor`.
  virtual at::Tensor device_memory(const at::Tensor& tensor) = 0;
  /// Begins to copy bytes of the host to bytes of the device, and doesn't wait. Copies, and what uses their results,
  /// follow each other in order.
  virtual void begin_copy(at::Tensor& to, const at::Tensor& from) = 0;
  /// Remembers what was begun so far, as `slot`.
  virtual void mark(std::size_t slot) = 0;
  /// Waits until all is done that was begun before mark(slot).
  virtual void wait(std::size_t slot) = 0;
};

/// Returns what speaks to a device of any kind that libtorch knows, on its current stream.
std::unique_ptr<UploadDevice> upload_device(at::Device device);

class Uploader {
 public:
  static constexpr std::int64_t kSlotBytes = std::int64_t{128} << 20;
  static constexpr std::size_t kSlots = 2;

  explicit Uploader(std::unique_ptr<UploadDevice> device, std::int64_t slot_bytes = kSlotBytes);
  /// Waits until the device has copied everything.
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  /// Copies a contiguous CPU tensor to the device. When this returns, `tensor` isn't needed any more; what is done with
  /// the result on the device comes after the copy.
  at::Tensor upload(const at::Tensor& tensor);

 private:
  struct Slot {
    at::Tensor bytes;
    bool marked = false;  ///< the device may still be copying from it
  };

  /// Goes on to the next slot, once the device is done with it.
  void next_slot();

  std::unique_ptr<UploadDevice> device_;
  std::int64_t slot_bytes_;
  std::vector<Slot> slots_;
  std::size_t slot_ = 0;
  std::int64_t filled_ = 0;  ///< bytes of the current slot that are in use
};

}  // namespace zimage::nn

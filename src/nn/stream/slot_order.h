// Orders the copies into a device's slots and the work that uses them.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace zimage::nn {

class SlotOrder {
 public:
  virtual ~SlotOrder() = default;
  /// Calls `copies`, which start copies into the slot, so that they begin after the last work that was marked by
  /// used().
  virtual void copy(std::size_t slot, const std::function<void()>& copies) = 0;
  /// Work that is started from now on begins after the slot's last copies.
  virtual void wait(std::size_t slot) = 0;
  /// All work on the slot's contents was started.
  virtual void used(std::size_t slot) = 0;
};

/// Copies beside the work, on a second stream of the device. Two events a slot keep the order, and the host never
/// waits. Make it once the slots have their memory, on the stream on which they got it.
std::unique_ptr<SlotOrder> beside_work(at::Device device, std::size_t slots);

/// For the CPU, which does everything at once.
std::unique_ptr<SlotOrder> at_once();

}  // namespace zimage::nn

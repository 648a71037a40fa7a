#include "nn/stream/slot_order.h"

#include <c10/core/Event.h>
#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <vector>

namespace zimage::nn {
namespace {

// This is written for any device that has streams, so that it needs no CUDA header and a test can run it.
class BesideWork final : public SlotOrder {
 public:
  BesideWork(at::Device device, std::size_t slots)
      : device_(device), system_(device.type()), copying_(system_.getStreamFromGlobalPool(device)) {
    for (std::size_t slot = 0; slot < slots; ++slot) {
      arrived_.emplace_back(device.type());
      used_.emplace_back(device.type());
      // The allocator may have taken the slots' memory from tensors that are still at work.
      used_.back().record(working());
    }
  }
  BesideWork(const BesideWork&) = delete;
  BesideWork& operator=(const BesideWork&) = delete;
  ~BesideWork() override {
    // The slots' memory goes back to the allocator, which gives it to the working stream again.
    try {
      for (const c10::Event& event : arrived_) event.block(working());
    } catch (const std::exception&) {  // the device failed, and whoever uses it next is told so
    }
  }

  void copy(std::size_t slot, const std::function<void()>& copies) override {
    used_[slot].block(copying_);
    {
      const c10::StreamGuard guard(copying_);
      copies();
    }
    arrived_[slot].record(copying_);
  }
  void wait(std::size_t slot) override { arrived_[slot].block(working()); }
  void used(std::size_t slot) override { used_[slot].record(working()); }

 private:
  c10::Stream working() const { return system_.getStream(device_); }

  at::Device device_;
  c10::impl::VirtualGuardImpl system_;
  c10::Stream copying_;
  std::vector<c10::Event> arrived_;
  std::vector<c10::Event> used_;
};

class AtOnce final : public SlotOrder {
 public:
  void copy(std::size_t, const std::function<void()>& copies) override { copies(); }
  void wait(std::size_t) override {}
  void used(std::size_t) override {}
};

}  // namespace

std::unique_ptr<SlotOrder> beside_work(at::Device device, std::size_t slots) {
  return std::make_unique<BesideWork>(device, slots);
}

std::unique_ptr<SlotOrder> at_once() { return std::make_unique<AtOnce>(); }

}  // namespace zimage::nn

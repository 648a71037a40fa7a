// Runs the code of devices with streams on a device that only records what it is told.
#include "nn/stream/slot_order.h"

#include <c10/core/Stream.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <map>
#include <string>
#include <vector>

#include "support/catch.h"

namespace zimage::nn {
namespace {

constexpr auto kType = c10::DeviceType::PrivateUse1;
constexpr c10::StreamId kWorking = 0, kCopying = 7;

std::vector<std::string> calls;
c10::StreamId current = kWorking;

std::string name_of(const c10::Stream& stream) { return stream.id() == kCopying ? "copying" : "working"; }

/// Names events in the order in which they are first recorded.
struct FakeDevice final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return {kType, 0}; }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::UNSAFE, device, current); }
  c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override {
    return c10::Stream(c10::Stream::UNSAFE, device, kCopying);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    const c10::Stream before(c10::Stream::UNSAFE, stream.device(), current);
    current = stream.id();
    return before;
  }
  void record(void** event, const c10::Stream& stream, c10::DeviceIndex, c10::EventFlag) const override {
    static int made = 0;
    if (*event == nullptr) *event = new int(made++ % 4);
    calls.push_back(name_of(stream) + " records " + std::to_string(*static_cast<int*>(*event)));
  }
  void block(void* event, const c10::Stream& stream) const override {
    if (event != nullptr) calls.push_back(name_of(stream) + " waits for " + std::to_string(*static_cast<int*>(event)));
  }
  void destroyEvent(void* event, c10::DeviceIndex) const noexcept override { delete static_cast<int*>(event); }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, FakeDevice)

TEST_CASE("copies wait for the slot's last use, and work waits for the slot's copies") {
  calls.clear();
  const auto copy = [] { calls.push_back(current == kCopying ? "copied beside" : "copied in the way"); };
  {
    const auto order = beside_work({kType, 0}, 2);
    // Before anything is copied, the memory of the slots must have become free.
    CHECK(calls == std::vector<std::string>{"working records 0", "working records 1"});
    calls.clear();
    order->copy(0, copy);
    CHECK(calls == std::vector<std::string>{"copying waits for 0", "copied beside", "copying records 2"});
    CHECK(current == kWorking);
    calls.clear();
    order->wait(0);
    order->used(0);
    CHECK(calls == std::vector<std::string>{"working waits for 2", "working records 0"});
    calls.clear();
    order->copy(0, copy);
    order->copy(1, copy);
    CHECK(calls == std::vector<std::string>{"copying waits for 0", "copied beside", "copying records 2",
                                            "copying waits for 1", "copied beside", "copying records 3"});
    calls.clear();
  }
  // A copy may be on its way while the slots' memory is given up.
  CHECK(calls == std::vector<std::string>{"working waits for 2", "working waits for 3"});
}

TEST_CASE("a copy that fails leaves the working stream the current one") {
  const auto order = beside_work({kType, 0}, 1);
  CHECK_THROWS_AS(order->copy(0, [] { throw std::runtime_error("no copy"); }), std::runtime_error);
  CHECK(current == kWorking);
}

}  // namespace
}  // namespace zimage::nn

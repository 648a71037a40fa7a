// No GPU is needed: what a device would answer is put in its place.
#include "pipeline/residency/device_probe.h"

#include <ATen/Context.h>
#include <c10/core/AllocatorConfig.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>

#include <stdexcept>
#include <string>

#include "base/log.h"
#include "pipeline/residency/cuda_settings.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

namespace zimage {
namespace {

const c10::SourceLocation kHere{"function", "file.cpp", 1};
// A kind of device that libtorch keeps free for others; nothing of CUDA is set up for it.
const at::Device kDevice(c10::DeviceType::PrivateUse1, 0);

/// Returns a probe of a device that does its work unless `fail` throws, and that has bf16 units if `fast`.
DeviceProbe answering(std::function<void()> fail, bool fast = true) {
  return {.multiply = [fail](const at::Device&, at::ScalarType) { fail(); },
          .multiplies_bf16_fast = [fast](const at::Device&) { return fast; }};
}

void work() {}
void no_kernels() { throw c10::AcceleratorError(kHere, 209, "CUDA error: no kernel image is available\nmore"); }
void full() { throw c10::OutOfMemoryError(kHere, "CUDA out of memory."); }
void broken() { throw std::runtime_error("the driver is strange"); }

ComputeOptions options(const std::string& device, const std::string& dtype = "auto") { return {device, dtype, 0}; }

Error refusal(std::function<void()> fail) {
  const auto error = test::error_of([&] { try_device(kDevice, options("cuda"), answering(std::move(fail))); });
  REQUIRE(error);
  CHECK(error->message().starts_with(kDevice.str() + " can't be used: "));
  CHECK(error->hint().find("--device cpu") != std::string::npos);
  return *error;
}

/// Returns what is logged meanwhile.
std::string logged(const std::function<void()>& action) {
  const test::TemporaryFolder folder;
  log::configure({.level = log::Level::kOff, .color = false, .file = folder / "log"});
  action();
  log::configure({});
  const test::Bytes bytes = test::read(folder / "log");
  return {bytes.begin(), bytes.end()};
}

TEST_CASE("a device that was asked for and can't multiply is refused with the cause and a way out") {
  CHECK(try_device(kDevice, options("cuda"), answering(work)) == kDevice);
  CHECK(refusal(no_kernels).code() == ErrorCode::kUsage);
  CHECK(refusal(no_kernels).message().find("no kernels for the GPU") != std::string::npos);
  CHECK(refusal(full).code() == ErrorCode::kMemory);
  CHECK(refusal(broken).code() == ErrorCode::kRuntime);
  CHECK(refusal(broken).message().find("the driver is strange") != std::string::npos);
}

TEST_CASE("a device that was only found gives way to the CPU, with a warning that says why") {
  CHECK(try_device(kDevice, options("auto"), answering(work)) == kDevice);
  at::Device device = kDevice;
  const std::string text = logged([&] { device = try_device(kDevice, options("auto"), answering(no_kernels)); });
  CHECK(device.is_cpu());
  CHECK(text.find("no kernels for the GPU; the CPU does the work instead") != std::string::npos);
}

TEST_CASE("a device without bf16 units keeps bf16, with a warning") {
  const auto text = [&](const std::string& dtype, bool fast) {
    return logged([&] { CHECK(try_device(kDevice, options("auto", dtype), answering(work, fast)) == kDevice); });
  };
  CHECK(text("auto", false).find("--dtype fp16") != std::string::npos);
  CHECK(text("bf16", false).find("--dtype fp16") != std::string::npos);
  CHECK(text("auto", true).empty());
  CHECK(text("fp16", false).empty());
  CHECK(text("fp32", false).empty());
}

TEST_CASE("a device is tried in the dtype that it will compute in") {
  for (const auto& [name, dtype] :
       {std::pair{"auto", at::kBFloat16}, {"bf16", at::kBFloat16}, {"fp16", at::kHalf}, {"fp32", at::kFloat}}) {
    at::ScalarType tried = at::kByte;
    DeviceProbe probe = answering(work);
    probe.multiply = [&](const at::Device&, at::ScalarType asked) { tried = asked; };
    try_device(kDevice, options("cuda", name), probe);
    CHECK(tried == dtype);
  }
}

TEST_CASE("the CPU is not tried") { CHECK(try_device(at::kCPU, options("cpu"), answering(no_kernels)).is_cpu()); }

TEST_CASE("the probe that asks a device finds that the CPU multiplies, in every dtype") {
  const DeviceProbe probe = real_probe();
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf}) probe.multiply(at::kCPU, dtype);
}

TEST_CASE("on CUDA fp32 stays fp32, whatever the environment says, and segments can grow") {
  auto& context = at::globalContext();
  context.setAllowTF32CuBLAS(true);
  context.setAllowTF32CuDNN(true);
  set_up_cuda();
  CHECK_FALSE(context.allowTF32CuBLAS());
  CHECK_FALSE(context.allowTF32CuDNN());
  CHECK(context.deterministicCuDNN());
  CHECK_FALSE(context.benchmarkCuDNN());
  using Config = c10::CachingAllocator::AcceleratorAllocatorConfig;
  CHECK(Config::use_expandable_segments());
  // What the user has set stays.
  c10::CachingAllocator::setAllocatorSettings("expandable_segments:False,max_split_size_mb:128");
  set_up_cuda();
  CHECK_FALSE(Config::use_expandable_segments());
  c10::CachingAllocator::setAllocatorSettings("max_split_size_mb:64");
  set_up_cuda();
  CHECK(Config::use_expandable_segments());
  CHECK(Config::max_split_size() == 64U * 1024 * 1024);
}

/// Counts how often its cache is emptied.
struct CountingAllocator final : c10::DeviceAllocator {
  c10::DataPtr allocate(std::size_t) override { return {}; }
  void copy_data(void*, const void*, std::size_t) const override {}
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override { ++emptied; }
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override { return {}; }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override {}
  int emptied = 0;
};

TEST_CASE("cached memory goes back to the device that held the weights") {
  static CountingAllocator allocator;
  c10::SetAllocator(c10::DeviceType::PrivateUse1, &allocator);
  release_cached_memory(kDevice);
  CHECK(allocator.emptied == 1);
  release_cached_memory(at::kCPU);
  CHECK(allocator.emptied == 1);
}

}  // namespace
}  // namespace zimage

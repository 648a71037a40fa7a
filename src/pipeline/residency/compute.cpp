#include "pipeline/residency/compute.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>

#include <algorithm>
#include <charconv>

#include "base/parallel.h"
#include "pipeline/residency/cuda_library.h"
#include "pipeline/residency/device_probe.h"
#include "pipeline/residency/dtype_choice.h"
#include "zimage/error.h"

namespace zimage {
namespace {

at::Device resolve_device(const std::string& name) {
  const int devices = cuda_devices();
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return devices > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  int index = 0;
  if (name != "cuda") {
    const std::string_view digits = std::string_view(name).substr(std::min<std::size_t>(5, name.size()));
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (!name.starts_with("cuda:") || digits.empty() || parsed.ec != std::errc() ||
        parsed.ptr != digits.data() + digits.size() || index < 0) {
      throw Error(ErrorCode::kUsage, "unknown device '" + name + "'", "--device is auto, cpu, cuda or cuda:N");
    }
  }
  if (devices == 0) {
    throw Error(
        ErrorCode::kUsage, "there is no CUDA device that this build can use",
        has_cuda() ? "check the driver, or use --device cpu" : "this libtorch is for the CPU alone; use --device cpu");
  }
  if (index >= devices) {
    throw Error(ErrorCode::kUsage, "there is no device '" + name + "'",
                "the machine has " + std::to_string(devices) + ", counted from cuda:0");
  }
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace

Compute resolve_compute(const ComputeOptions& options) {
  check_dtype(options.dtype);
  const at::Device device = try_device(resolve_device(options.device), options);
  if (options.threads > 0) {
    at::set_num_threads(options.threads);
    set_thread_count(options.threads);
  }
  return {device, device.str(), options};
}

}  // namespace zimage

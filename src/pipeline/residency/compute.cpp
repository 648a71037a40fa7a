#include "pipeline/residency/compute.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/parallel.h"
#include "zimage/error.h"

namespace zimage {
namespace {

const std::map<std::string, at::ScalarType> kDtypes{{"fp32", at::kFloat}, {"bf16", at::kBFloat16}, {"fp16", at::kHalf}};

int cuda_devices() { return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0; }

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
        at::Context::hasCUDART() ? "check the driver, or use --device cpu" : "this is a CPU build; use --device cpu");
  }
  if (index >= devices) {
    throw Error(ErrorCode::kUsage, "there is no device '" + name + "'",
                "the machine has " + std::to_string(devices) + ", counted from cuda:0");
  }
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

/// Makes a command always give the same bytes: no kernel is chosen by timing or adds in varying order, and fp32 stays
/// fp32.
void make_deterministic() {
  auto& context = at::globalContext();
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(false);
}

}  // namespace

Compute resolve_compute(const ComputeOptions& options) {
  Compute compute;
  compute.placement.device = resolve_device(options.device);
  const bool cpu = compute.placement.device.is_cpu();
  compute.dtype_name = options.dtype == "auto" ? (cpu ? "fp32" : "bf16") : options.dtype;
  const auto dtype = kDtypes.find(compute.dtype_name);
  if (dtype == kDtypes.end()) {
    throw Error(ErrorCode::kUsage, "unknown dtype '" + options.dtype + "'", "--dtype is auto, fp32, bf16 or fp16");
  }
  compute.placement.dtype = dtype->second;
  compute.device_name = compute.placement.device.str();
  if (options.threads > 0) {
    at::set_num_threads(options.threads);
    set_thread_count(options.threads);
  }
  if (!cpu) make_deterministic();
  return compute;
}

}  // namespace zimage

#include "pipeline/residency/device_probe.h"

#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/DeviceGuard.h>

#include <exception>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/text.h"
#include "pipeline/residency/cuda_settings.h"
#include "pipeline/torch_error.h"
#include "zimage/error.h"

namespace zimage {
namespace {

void multiply(const at::Device& device, at::ScalarType dtype) {
  constexpr std::int64_t kSide = 64;
  const at::Tensor ones = at::ones({kSide, kSide}, at::TensorOptions(dtype).device(device));
  const double sum = ones.mm(ones).to(at::kFloat).sum().item<double>();
  if (sum == static_cast<double>(kSide * kSide * kSide)) return;
  throw Error(ErrorCode::kRuntime, "it multiplies wrongly", "check the GPU with nvidia-smi -q, or use --device cpu");
}

bool multiplies_bf16_fast(const at::Device& device) {
  const auto& hooks = at::detail::getCUDAHooks();
  // This is how ATen tells the compute capability without CUDA's headers; it asks of the current device.
  const c10::DeviceGuard guard(device);
  return !hooks.hasCuDNN() || hooks.supportsBFloat16ConvolutionWithCuDNNv8();
}

/// Returns what is wrong with the device, if something is.
std::optional<Error> problem_of(const at::Device& device, at::ScalarType dtype, const DeviceProbe& probe) {
  std::optional<Error> problem;
  try {
    try {
      probe.multiply(device, dtype);
    } catch (...) {
      rethrow_as_error(Activity::kPlanning, "");
    }
  } catch (const Error& e) {
    problem = e;
  } catch (const std::exception& e) {
    problem.emplace(ErrorCode::kRuntime, e.what());
  }
  if (!problem) return std::nullopt;
  const std::string message = concat({device.str(), " can't be used: ", problem->message()});
  if (problem->code() == ErrorCode::kMemory) {
    return Error(ErrorCode::kMemory, message, "other programs fill its memory: end them, or use --device cpu");
  }
  const std::string hint = problem->hint().empty() ? "check the driver, or use --device cpu" : problem->hint();
  return Error(problem->code(), message, hint);
}

/// Returns what a device would compute in; an unknown dtype is refused elsewhere.
at::ScalarType device_dtype(const std::string& name) {
  if (name == "fp32") return at::kFloat;
  return name == "fp16" ? at::kHalf : at::kBFloat16;
}

}  // namespace

DeviceProbe real_probe() { return {.multiply = multiply, .multiplies_bf16_fast = multiplies_bf16_fast}; }

at::Device try_device(const at::Device& device, const ComputeOptions& options, const DeviceProbe& probe) {
  if (device.is_cpu()) return device;
  if (device.is_cuda()) set_up_cuda();
  const at::ScalarType dtype = device_dtype(options.dtype);
  if (const auto problem = problem_of(device, dtype, probe)) {
    if (options.device != "auto") throw *problem;
    log::warning(printable(concat({problem->message(), "; the CPU does the work instead"})));
    return at::kCPU;
  }
  if (dtype == at::kBFloat16 && !probe.multiplies_bf16_fast(device)) {
    log::warning(concat({device.str(),
                         " is older than compute capability 8.0 and slow in bf16; --dtype fp16 is faster, but many "
                         "models overflow in it, which the run would report"}));
  }
  return device;
}

}  // namespace zimage

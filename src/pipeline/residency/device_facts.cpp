#include "pipeline/residency/device_facts.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <fstream>
#include <functional>
#include <tuple>

#include "base/text.h"
#include "nn/kernels/cuda_driver.h"
#include "nn/kernels/cuda_kernels.h"
#include "pipeline/torch_error.h"

namespace zimage {
namespace {

std::string driver_release() {
  std::ifstream file("/sys/module/nvidia/version");
  std::string line;
  std::getline(file, line);
  return printable(line);
}

/// Returns whether something runs on the device. Memory and a lost device are other problems, which are thrown on.
bool works(const std::function<at::Tensor()>& attempt) {
  try {
    return attempt().isfinite().all().item<bool>();
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::AcceleratorError&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
}

/// Libtorch asks for more than the compute capability, so each kind is tried, with the size of Z-Image's heads.
std::vector<std::string> attention_that_works(const at::Device& device, bool bf16) {
  const auto dtype = bf16 ? at::kBFloat16 : at::kHalf;
  const at::Tensor q = at::ones({1, 2, 64, 128}, at::TensorOptions(dtype).device(device));
  std::vector<std::string> found;
  if (works([&] { return std::get<0>(at::_scaled_dot_product_flash_attention(q, q, q)); })) found.emplace_back("flash");
  if (works([&] { return std::get<0>(at::_scaled_dot_product_cudnn_attention(q, q, q, {}, false)); })) {
    found.emplace_back("cudnn");
  }
  if (works([&] { return std::get<0>(at::_scaled_dot_product_efficient_attention(q, q, q, {}, false)); })) {
    found.emplace_back("efficient");
  }
  return found;
}

void look_at_kernels(const at::Device& device, DeviceFacts& facts) {
  const nn::kernels::KernelReport report = nn::kernels::check_cuda_kernels(device);
  facts.kernels_checked = report.checked;
  facts.kernels_agree = report.agree;
  facts.kernels_absent = report.absent;
  facts.kernels_compiler = report.compiler;
  facts.kernels_failures = report.failures;
}

}  // namespace

DeviceFacts look_at_device(const std::string& name) {
  DeviceFacts facts;
  facts.device = name;
  facts.driver = driver_release();
  try {
    const c10::InferenceMode guard;
    const at::Device device(name);
    if (const auto* driver = nn::kernels::CudaDriver::get()) {
      facts.cuda = driver->cuda_version();
      facts.name = driver->device_name(device.index());
      facts.capability = driver->capability(device.index());
    }
    facts.bf16 = facts.capability >= 80;
    facts.fp8 = facts.capability >= 89;
    facts.attention = attention_that_works(device, facts.bf16);
    look_at_kernels(device, facts);
  } catch (...) {
    rethrow_as_error(Activity::kPlanning, "");
  }
  return facts;
}

}  // namespace zimage

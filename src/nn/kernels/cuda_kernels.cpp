#include "nn/kernels/cuda_kernels.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/log.h"
#include "base/text.h"
#include "nn/kernels/cuda_executor.h"
#include "nn/kernels/cuda_launch.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/kernels/self_check.h"

namespace zimage::nn::kernels {
namespace {

bool unwanted() {
  const char* value = std::getenv("ZIMAGE_KERNELS");
  return value != nullptr && std::string_view(value) == "aten";
}

/// Returns a device's kernels, which the process keeps; null if there are none.
CheckedKernels* kernels_of(const at::Device& device, std::string* reason = nullptr) {
  struct Known {
    std::string reason;
    std::unique_ptr<CheckedKernels> kernels;
  };
  static std::mutex mutex;
  static auto& known = *new std::map<c10::DeviceIndex, Known>;  // never destroyed, as its executors aren't
  const std::lock_guard lock(mutex);
  auto found = known.find(device.index());
  if (found == known.end()) {
    Known made;
    if (Executor* executor = cuda_executor(device, &made.reason)) {
      made.kernels = std::make_unique<CheckedKernels>(*executor, device);
    } else {
      log::warning(concat({"the program's own kernels can't be used on ", device.str(), ": ", made.reason,
                           "; libtorch's operations take their place, which are slower and as good"}));
    }
    found = known.emplace(device.index(), std::move(made)).first;
  }
  if (reason != nullptr) *reason = found->second.reason;
  return found->second.kernels.get();
}

Executor* find(at::DeviceIndex index, KernelId kernel, ElementId element) {
  CheckedKernels* kernels = kernels_of({at::kCUDA, index});
  return kernels == nullptr ? nullptr : kernels->find(kernel, element);
}

}  // namespace

void use_cuda_kernels() {
  if (!unwanted()) set_cuda_executors(find);
}

KernelReport check_cuda_kernels(const at::Device& device) {
  KernelReport report;
  if (unwanted()) {
    report.absent = "ZIMAGE_KERNELS=aten in the environment says not to use them";
    return report;
  }
  CheckedKernels* kernels = kernels_of(device, &report.absent);
  if (kernels == nullptr) return report;
  report.compiler = cuda_compiler_version();
  for (const ElementId element : {ElementId::kBf16, ElementId::kFloat, ElementId::kHalf}) {
    const auto failures = kernels->failures(element);
    const int checked = static_cast<int>(checked_operations().size());
    report.checked += checked;
    report.agree += checked - static_cast<int>(failures.size());
    for (const auto& failure : failures) {
      report.failures.push_back(concat({failure.operation, " in ", element_suffix(element), ": ", failure.what}));
    }
  }
  return report;
}

}  // namespace zimage::nn::kernels

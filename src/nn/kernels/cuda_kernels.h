// Lets the operations on CUDA devices use the program's own kernels, where they agree with ATen.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace zimage::nn::kernels {

/// Makes executor_for() find kernels on CUDA devices. Each is checked there when it is first used (self_check.h); if
/// a device can have none, a warning says why. Does nothing if the environment has ZIMAGE_KERNELS=aten, which is for
/// comparisons.
void use_cuda_kernels();

/// What became of a device's own kernels.
struct KernelReport {
  int checked = 0;                      ///< pairs of an operation and an element
  int agree = 0;                        ///< those that do what ATen's operations do
  std::string absent;                   ///< why there are none; empty: there are
  std::string compiler;                 ///< the version of NVRTC
  std::vector<std::string> failures{};  ///< "norm in bf16: 3 of 5 numbers differ …"
};

/// Checks all kernels of a CUDA device, in all elements. Errors: kMemory, and those that are fatal().
KernelReport check_cuda_kernels(const at::Device& device);

}  // namespace zimage::nn::kernels

// Runs the kernels on CUDA devices.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

#include "nn/kernels/cubin_cache.h"
#include "nn/kernels/launch.h"

namespace zimage::nn::kernels {

class CudaCompiler;
class CudaDriver;

/// What an executor is made of. The driver and the compiler outlive it.
struct CudaParts {
  const CudaDriver& driver;
  const CudaCompiler& compiler;
  CubinCache cache;
  int device = 0;
  std::function<void*()> stream;  ///< returns the stream that a launch goes to
};

/// Returns an executor. Errors: kRuntime if nothing can be compiled for the device, kMemory.
std::unique_ptr<Executor> make_cuda_executor(CudaParts parts);

/// Returns the executor of a CUDA device, which the process keeps; null if there can be none, and `reason` says why. It
/// launches on libtorch's current stream of the device and doesn't wait. The kernels for an element are compiled, or
/// found in the cache, when the first of them runs. Errors of run(): kRuntime if they can't be compiled or started,
/// fatal() if the device is lost; kMemory.
Executor* cuda_executor(const at::Device& device, std::string* reason = nullptr);

/// Returns the version of the NVRTC that compiles the kernels, like "13.0"; empty if there is none.
std::string cuda_compiler_version();

}  // namespace zimage::nn::kernels

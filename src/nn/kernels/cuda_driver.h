// The few functions of NVIDIA's driver that kernels need, found while the program runs: no CUDA header or toolkit is
// needed to build, and a machine without the driver runs the rest.
#pragma once

#include <memory>
#include <string>

#include "nn/kernels/cuda_launch.h"

namespace zimage::nn::kernels {

struct CudaDriverFunctions;

/// The driver's library, libcuda. Handles are the driver's own, which it calls CUcontext, CUmodule, CUfunction and
/// CUstream.
class CudaDriver {
 public:
  /// Returns the driver of this process, opened and initialised; null if there is none that works, and `reason` says
  /// why.
  static const CudaDriver* get(std::string* reason = nullptr);
  /// Opens and initialises the driver in a library. Returns null if that can't be, and `reason` says why.
  static std::unique_ptr<const CudaDriver> open(std::string& reason, const std::string& library = "libcuda.so.1");

  /// Returns the version of CUDA that the driver knows, like "13.0".
  std::string cuda_version() const;
  /// Returns the device's name; empty if the driver doesn't tell.
  std::string device_name(int index) const;
  /// Returns the compute capability as major · 10 + minor, like 90. Errors: kRuntime.
  int capability(int index) const;

  /// Returns the context that libtorch uses on a device, and keeps it. Errors: kRuntime, kMemory.
  void* primary_context(int index) const;
  /// Loads a cubin, or PTX that ends in a NUL, into the current context. Errors: kRuntime, kMemory.
  void* load_module(const void* image) const;
  /// Returns a function of a module. Errors: kRuntime if it has none of this name.
  void* function(void* module, const char* name) const;
  /// Starts a function on a stream of the current context and doesn't wait. Errors: kRuntime, fatal() if the device is
  /// lost.
  void launch(void* function, const CudaGrid& grid, void* stream, void** arguments) const;

  /// While it lives, a context is the thread's current one.
  class ContextScope {
   public:
    ContextScope(const CudaDriver& driver, void* context);
    ~ContextScope();
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;

   private:
    const CudaDriver& driver_;
    bool pushed_ = false;
  };

  ~CudaDriver();

 private:
  CudaDriver();
  /// Throws what a result other than 0 means; `what` is the sentence's beginning.
  void require(int result, const char* what) const;

  std::unique_ptr<CudaDriverFunctions> functions_;
};

}  // namespace zimage::nn::kernels

// Declares the functions of CUDA's driver and of NVRTC that are found while the program runs. Their types are those of
// the documented binary interfaces, which don't change: a changed function gets a new name, like those that end in _v2.
// Handles (CUcontext, CUmodule, CUfunction, CUstream, nvrtcProgram) are pointers to what nobody looks at. A CUDA build
// of the tests compares the types with CUDA's headers (tests/gpu/cuda_functions_test.cpp).
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "nn/kernels/shared_library.h"

namespace zimage::nn::kernels {

struct CudaDriverFunctions {
  explicit CudaDriverFunctions(SharedLibrary opened) : library(std::move(opened)) {}

  SharedLibrary library;
  int (*init)(unsigned) = nullptr;
  int (*driver_version)(int*) = nullptr;
  int (*error_text)(int, const char**) = nullptr;
  int (*device)(int*, int) = nullptr;
  int (*name)(char*, int, int) = nullptr;
  int (*attribute)(int*, int, int) = nullptr;
  int (*retain)(void**, int) = nullptr;
  int (*push)(void*) = nullptr;
  int (*pop)(void**) = nullptr;
  int (*current)(void**) = nullptr;
  int (*load)(void**, const void*) = nullptr;
  int (*find)(void**, void*, const char*) = nullptr;
  int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**,
                void**) = nullptr;

  /// Calls visit(name, function) for each.
  template <class Visit>
  void each(Visit visit) {
    visit("cuInit", init);
    visit("cuDriverGetVersion", driver_version);
    visit("cuGetErrorString", error_text);
    visit("cuDeviceGet", device);
    visit("cuDeviceGetName", name);
    visit("cuDeviceGetAttribute", attribute);
    visit("cuDevicePrimaryCtxRetain", retain);
    visit("cuCtxPushCurrent_v2", push);
    visit("cuCtxPopCurrent_v2", pop);
    visit("cuCtxGetCurrent", current);
    visit("cuModuleLoadData", load);
    visit("cuModuleGetFunction", find);
    visit("cuLaunchKernel", launch);
  }
};

struct NvrtcFunctions {
  explicit NvrtcFunctions(SharedLibrary opened) : library(std::move(opened)) {}

  SharedLibrary library;
  std::string version_text;
  int (*version)(int*, int*) = nullptr;
  int (*archs_count)(int*) = nullptr;
  int (*archs)(int*) = nullptr;
  int (*create)(void**, const char*, const char*, int, const char* const*, const char* const*) = nullptr;
  int (*compile)(void*, int, const char* const*) = nullptr;
  int (*destroy)(void**) = nullptr;
  int (*log_size)(void*, std::size_t*) = nullptr;
  int (*log)(void*, char*) = nullptr;
  int (*cubin_size)(void*, std::size_t*) = nullptr;
  int (*cubin)(void*, char*) = nullptr;
  int (*ptx_size)(void*, std::size_t*) = nullptr;
  int (*ptx)(void*, char*) = nullptr;
  const char* (*error_text)(int) = nullptr;

  template <class Visit>
  void each(Visit visit) {
    visit("nvrtcVersion", version);
    visit("nvrtcGetNumSupportedArchs", archs_count);
    visit("nvrtcGetSupportedArchs", archs);
    visit("nvrtcCreateProgram", create);
    visit("nvrtcCompileProgram", compile);
    visit("nvrtcDestroyProgram", destroy);
    visit("nvrtcGetProgramLogSize", log_size);
    visit("nvrtcGetProgramLog", log);
    visit("nvrtcGetCUBINSize", cubin_size);
    visit("nvrtcGetCUBIN", cubin);
    visit("nvrtcGetPTXSize", ptx_size);
    visit("nvrtcGetPTX", ptx);
    visit("nvrtcGetErrorString", error_text);
  }
};

/// Finds each function in the library. Returns the name of the first that it lacks; null if it has all.
template <class Functions>
const char* bind_all(Functions& functions) {
  const char* missing = nullptr;
  functions.each([&](const char* name, auto& function) {
    if (!functions.library.bind(name, function) && missing == nullptr) missing = name;
  });
  return missing;
}

}  // namespace zimage::nn::kernels

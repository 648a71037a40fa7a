// Compares the declarations of cuda_functions.h with CUDA's own headers while this is compiled; nothing of it runs.
#include "nn/kernels/cuda_functions.h"

#include <cuda.h>
#include <nvrtc.h>

#include <type_traits>

namespace zimage::nn::kernels {
namespace {

/// Whether values of both types are passed alike: pointers to characters and to anything, or numbers of the same size.
template <class A, class B>
constexpr bool kAlike = sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B> &&
                        (std::is_pointer_v<A> || std::is_integral_v<A> ||
                         std::is_enum_v<A>)&&(std::is_pointer_v<B> || std::is_integral_v<B> || std::is_enum_v<B>);

template <class Ours, class Theirs>
struct SameFunction : std::false_type {};
template <class R, class... A, class S, class... B>
requires(sizeof...(A) == sizeof...(B)) struct SameFunction<R (*)(A...), S (*)(B...)>
    : std::bool_constant<kAlike<R, S> && (kAlike<A, B> && ...)> {
};

#define ZIMAGE_SAME(Functions, member, function) \
  static_assert(SameFunction<decltype(Functions::member), decltype(&function)>::value, #function)

ZIMAGE_SAME(CudaDriverFunctions, init, cuInit);
ZIMAGE_SAME(CudaDriverFunctions, driver_version, cuDriverGetVersion);
ZIMAGE_SAME(CudaDriverFunctions, error_text, cuGetErrorString);
ZIMAGE_SAME(CudaDriverFunctions, device, cuDeviceGet);
ZIMAGE_SAME(CudaDriverFunctions, name, cuDeviceGetName);
ZIMAGE_SAME(CudaDriverFunctions, attribute, cuDeviceGetAttribute);
ZIMAGE_SAME(CudaDriverFunctions, retain, cuDevicePrimaryCtxRetain);
ZIMAGE_SAME(CudaDriverFunctions, push, cuCtxPushCurrent_v2);
ZIMAGE_SAME(CudaDriverFunctions, pop, cuCtxPopCurrent_v2);
ZIMAGE_SAME(CudaDriverFunctions, current, cuCtxGetCurrent);
ZIMAGE_SAME(CudaDriverFunctions, load, cuModuleLoadData);
ZIMAGE_SAME(CudaDriverFunctions, find, cuModuleGetFunction);
ZIMAGE_SAME(CudaDriverFunctions, launch, cuLaunchKernel);

ZIMAGE_SAME(NvrtcFunctions, version, nvrtcVersion);
ZIMAGE_SAME(NvrtcFunctions, archs_count, nvrtcGetNumSupportedArchs);
ZIMAGE_SAME(NvrtcFunctions, archs, nvrtcGetSupportedArchs);
ZIMAGE_SAME(NvrtcFunctions, create, nvrtcCreateProgram);
ZIMAGE_SAME(NvrtcFunctions, compile, nvrtcCompileProgram);
ZIMAGE_SAME(NvrtcFunctions, destroy, nvrtcDestroyProgram);
ZIMAGE_SAME(NvrtcFunctions, log_size, nvrtcGetProgramLogSize);
ZIMAGE_SAME(NvrtcFunctions, log, nvrtcGetProgramLog);
ZIMAGE_SAME(NvrtcFunctions, cubin_size, nvrtcGetCUBINSize);
ZIMAGE_SAME(NvrtcFunctions, cubin, nvrtcGetCUBIN);
ZIMAGE_SAME(NvrtcFunctions, ptx_size, nvrtcGetPTXSize);
ZIMAGE_SAME(NvrtcFunctions, ptx, nvrtcGetPTX);
ZIMAGE_SAME(NvrtcFunctions, error_text, nvrtcGetErrorString);

static_assert(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR == 75 && CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR == 76);
static_assert(CUDA_ERROR_OUT_OF_MEMORY == 2 && CUDA_ERROR_NO_BINARY_FOR_GPU == 209);

}  // namespace
}  // namespace zimage::nn::kernels

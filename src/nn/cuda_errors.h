// What the numbers of CUDA's errors mean, which are the same for the runtime and the driver (cudaError_t, CUresult;
// from driver_types.h of CUDA 13). No CUDA header is needed, so that a CPU build compiles it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace zimage::nn {

inline constexpr std::int32_t kCudaOutOfMemory = 2;
inline constexpr std::int32_t kCudaNoKernelImage = 209;

/// Returns whether nothing works on the device in this process any more. Of most of these the header says that "any
/// further CUDA work will return the same error" and that "the process must be terminated and relaunched".
/// Uncorrectable memory (214) and NVLink errors (220) and an unknown error (999), which is what a device looks like
/// that fell off the bus, are no better.
constexpr bool cuda_error_lasts(std::int32_t code) {
  constexpr std::array<std::int32_t, 16> kLasting = {214, 220, 226, 700, 702, 710, 714, 715,
                                                     716, 717, 718, 719, 721, 810, 911, 999};
  return std::find(kLasting.begin(), kLasting.end(), code) != kLasting.end();
}

}  // namespace zimage::nn

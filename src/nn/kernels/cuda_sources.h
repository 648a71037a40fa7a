// The sources of the kernels, which CMake puts into the program (cmake/EmbedKernels.cmake).
#pragma once

#include <span>

namespace zimage::nn::kernels {

struct KernelSource {
  const char* name;  ///< as it is included: "nn/kernels/bodies.h"
  const char* text;
};

/// Returns cuda_entries.h, which is the first, and all that it includes.
std::span<const KernelSource> kernel_sources();

}  // namespace zimage::nn::kernels

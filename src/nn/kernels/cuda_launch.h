// How a launch becomes blocks of a CUDA device.
#pragma once

#include <cstdint>
#include <string>

#include "nn/kernels/launch.h"

namespace zimage::nn::kernels {

struct CudaGrid {
  std::uint32_t blocks = 0;  ///< 0: there is nothing to do
  std::uint32_t lanes = 0;   ///< threads a group, blockDim.x
  std::uint32_t groups = 0;  ///< groups a block, blockDim.y
  std::uint32_t shared_bytes = 0;
};

/// Returns the grid of a launch: a group for each row, with the lanes that every executor uses. Errors: kRuntime if a
/// device has no numbers for so many blocks.
CudaGrid cuda_grid(const Launch& launch);

/// Returns "f32", "bf16" or "f16", which a kernel's name ends in.
const char* element_suffix(ElementId element);
/// Returns the type of the element in bodies.h.
const char* element_type(ElementId element);
/// Returns the name of a kernel in the compiled code.
std::string entry_name(KernelId kernel, ElementId element);

}  // namespace zimage::nn::kernels

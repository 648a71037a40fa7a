// Sets how libtorch uses CUDA devices and their memory.
#pragma once

#include <c10/core/Device.h>

namespace zimage {

/// Makes a command always give the same bytes: no kernel is chosen by timing or adds in varying order, and fp32 stays
/// fp32, whatever TORCH_ALLOW_TF32_CUBLAS_OVERRIDE says. Lets the allocator's segments grow, so that the DiT fits where
/// the text encoder was; the user's PYTORCH_ALLOC_CONF goes before. Lets
/// operations use the program's own kernels. To be called before the first use of a device.
void set_up_cuda();

/// Gives memory that libtorch holds and doesn't use back to the device. Does nothing on the CPU.
void release_cached_memory(const at::Device& device);

}  // namespace zimage

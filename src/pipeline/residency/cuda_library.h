// Opens libtorch_cuda where the program isn't linked with it.
#pragma once

namespace zimage {

/// Returns whether the libtorch that runs has CUDA; it doesn't look for a device. Where libtorch_cuda lies beside
/// libtorch_cpu, it is opened and registers itself, so that a program that was built against libtorch for the CPU uses
/// a libtorch for CUDA all the same, as the Python wheel does. If it can't be opened, a warning says why.
/// at::hasCUDA() must not be asked before this, because it keeps its first answer.
bool has_cuda();

/// Returns how many CUDA devices the libtorch that runs can use.
int cuda_devices();

}  // namespace zimage

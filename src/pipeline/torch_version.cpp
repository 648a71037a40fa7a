#include <ATen/Context.h>
#include <torch/headeronly/version.h>

#include "zimage/version.h"

namespace zimage {

// hasCUDA() would also look for a device.
std::string torch_version() { return std::string(TORCH_VERSION) + (at::Context::hasCUDART() ? " (CUDA)" : " (CPU)"); }

}  // namespace zimage

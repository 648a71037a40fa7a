#include "zimage/version.h"

#include <ATen/Context.h>
#include <torch/headeronly/version.h>

#include "version_config.h"

namespace zimage {

const char* version() { return ZIMAGE_VERSION; }
const char* git_commit() { return ZIMAGE_GIT_COMMIT; }
const char* commit_date() { return ZIMAGE_COMMIT_DATE; }

// hasCUDA() would also ask for a device.
std::string torch_version() { return std::string(TORCH_VERSION) + (at::Context::hasCUDART() ? " (CUDA)" : " (CPU)"); }

}  // namespace zimage

#include <ATen/Context.h>
#include <caffe2/core/common.h>
#include <torch/headeronly/version.h>

#include "pipeline/residency/cuda_library.h"
#include "zimage/version.h"

namespace zimage {

// The headers' version is the one that this was built against, and a wheel runs on later ones too.
std::string torch_version() {
  const auto& options = caffe2::GetBuildOptions();
  const auto found = options.find("TORCH_VERSION");
  return (found == options.end() ? std::string(TORCH_VERSION) : found->second) + (has_cuda() ? " (CUDA)" : " (CPU)");
}

}  // namespace zimage

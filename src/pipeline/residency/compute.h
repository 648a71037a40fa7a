// Decides which device the work is done on.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "zimage/model_paths.h"

namespace zimage {

/// A device and what the options ask for beside it.
struct Compute {
  at::Device device = at::kCPU;
  std::string device_name;  ///< "cpu", "cuda:0"
  ComputeOptions options;   ///< what the model decides is still open in them
};

/// Resolves the options: `auto` is CUDA if there is a device that can multiply, else the CPU. Sets the number of
/// threads and makes the device's kernels deterministic. Errors: kUsage for an unknown or absent device or an unknown
/// dtype; those of try_device().
Compute resolve_compute(const ComputeOptions& options);

}  // namespace zimage

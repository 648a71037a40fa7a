// Decides which device and dtype the work is done with.
#pragma once

#include <string>

#include "nn/weight_loader.h"
#include "zimage/model_paths.h"

namespace zimage {

struct Compute {
  nn::Placement placement;
  std::string device_name;  ///< "cpu", "cuda:0"
  std::string dtype_name;   ///< "fp32", "bf16", "fp16"
};

/// Resolves the options: `auto` is CUDA if there is a device, with bf16, else the CPU with fp32. Sets the number of
/// threads and makes the device's kernels deterministic.
/// Errors: kUsage for an unknown or absent device or an unknown dtype.
Compute resolve_compute(const ComputeOptions& options);

}  // namespace zimage

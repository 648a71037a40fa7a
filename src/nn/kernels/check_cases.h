// What the self-check runs of each kernel (self_check.h).
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "nn/kernels/launch.h"

namespace zimage::nn::kernels {

/// Runs the operation that begins with this kernel on tensors of the element, and compares its results with ATen's.
/// Returns what differs, as the end of a sentence, or nothing.
std::string run_cases(Executor& executor, const at::Device& device, KernelId kernel, ElementId element);

}  // namespace zimage::nn::kernels

// Runs rows of a launch on the CPU. It knows no tensor, so that tests can build it by itself.
#pragma once

#include "nn/kernels/launch.h"

namespace zimage::nn::kernels {

/// Runs rows [begin, end) with groups of so many lanes.
void run_rows(const Launch& launch, i64 lanes, i64 begin, i64 end);

}  // namespace zimage::nn::kernels

// Where weights are held, and as what.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace zimage::nn {

/// The device, dtype and layout that weights are held in.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  /// Copy dense linear weights into oneDNN's layout (CPU, fp32).
  bool packed = false;
};

}  // namespace zimage::nn

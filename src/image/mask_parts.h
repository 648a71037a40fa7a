// The parts of a mask that lie apart.
#pragma once

#include <vector>

#include "image/geometry.h"

namespace zimage {

/// The boxes of the mask's parts. What lies in neighbouring cells of a 32nd of the longer side is one part, so that
/// there are at most a few hundred, however ragged the mask is. In the order of their first cell; empty for no mask.
std::vector<Box> mask_parts(const Mask& mask);

}  // namespace zimage

// Finds the separate parts of a mask.
#pragma once

#include <vector>

#include "image/geometry.h"

namespace zimage {

/// Returns the boxes of the mask's parts, in the order of their first cell; empty for an empty mask. Pixels in
/// neighbouring cells, each a 32nd of the longer side, are one part, so that there are at most a few hundred parts.
std::vector<Box> mask_parts(const Mask& mask);

}  // namespace zimage

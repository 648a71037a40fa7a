// Patches put into a part of a picture.
#pragma once

#include "zimage/result.h"

namespace zimage {

/// Pastes what of `patch` lies in `box` into `part`, which shows that box of the picture, in the patch's channels and
/// bit depth.
void paste(const Patch& patch, const Box& box, Image& part);

}  // namespace zimage

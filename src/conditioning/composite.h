// The result pasted into the picture it came from.
#pragma once

#include <ATen/core/Tensor.h>

#include "conditioning/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// The picture with its masked pixels replaced by `pixels` [1, 3, h, w] in [0, 1], which belong to `region` and are
/// resized to it. Everything else is the input bit for bit. Grey pictures take the luminance, 16-bit ones 16 bits.
/// With `opaque` the alpha of replaced pixels becomes full.
Image composite(const Image& picture, const Mask& mask, const WorkingRegion& region, const at::Tensor& pixels,
                bool opaque);

}  // namespace zimage

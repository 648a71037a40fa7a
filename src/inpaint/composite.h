// Pastes the result into the picture it came from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "image/geometry.h"
#include "zimage/request.h"
#include "zimage/result.h"

namespace zimage {

struct CompositeOptions {
  int feather = 0;      ///< pixels outside the hole over which the result fades into the picture
  bool opaque = false;  ///< make alpha opaque where the result is pasted
};

/// Returns the result's share in a pixel whose squared distance from the hole is `squared`: 1 in the hole, then half a
/// cosine wave that falls to 0 one pixel beyond `feather`. Outside the hole both sides show the same content, so a
/// blend hides the seam; inside, it would let through what was to be removed.
float feather_share(std::int64_t squared, int feather);

/// Pastes `pixels` [1, 3, h, w] in [0, 1], the result for `region`, into what the picture shows in `place`, a box
/// inside the region. The result is resized to the region, pasted where the mask repaints and faded out over the
/// feather; every pixel outside grow_mask(mask, feather) stays uncovered. Grey pictures receive the luminance, 16-bit
/// pictures 16 bits. Returns the patch for `place`; its pixels far from every hole are zeros.
Patch composite(const PixelSource& picture, const Box& place, const Mask& mask, const WorkingRegion& region,
                const at::Tensor& pixels, const CompositeOptions& options);

}  // namespace zimage

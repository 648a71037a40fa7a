// The result pasted into the picture it came from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

struct CompositeOptions {
  int feather = 0;      ///< pixels outside the hole over which the result fades into the picture
  bool opaque = false;  ///< alpha becomes full where the result is
};

/// Share of the result in a pixel `squared` away from the hole (the squared distance): 1 in the hole, then half a
/// cosine wave down, which reaches 0 one pixel beyond `feather`. Both sides show the same content there, so a blend
/// hides the seam; within the hole it would let through what was to go.
float feather_share(std::int64_t squared, int feather);

/// Pastes `pixels` [1, 3, h, w] in [0, 1], which belong to `region` and are resized to it, into a part of the picture:
/// what it shows in `place`, which lies in the region. The result goes where the mask repaints, faded out over the
/// feather; every pixel outside grow_mask(mask, feather) stays what it is bit for bit. Grey pictures take the
/// luminance, 16-bit ones 16 bits. Gives a byte for each pixel of the part, 1 where it has changed.
std::vector<std::uint8_t> composite(Image& part, const Box& place, const Mask& mask, const WorkingRegion& region,
                                    const at::Tensor& pixels, const CompositeOptions& options);

}  // namespace zimage

// Which part of the picture the model works on, and at what size.
#pragma once

#include "zimage/geometry.h"
#include "zimage/image.h"

namespace zimage {

inline Box box_of(const WorkingRegion& region) { return {region.x, region.y, region.width, region.height}; }

/// A token spans 2×2 latent cells of 8×8 pixels.
inline constexpr int kSizeMultiple = 16;

/// The nearest multiple of 16, at least 16.
int round_to_multiple(int side);

/// The whole picture, resized only if its sides aren't multiples of 16.
WorkingRegion whole_picture(int width, int height);

/// The smallest box that holds every repainted pixel of `within`; empty if there is none.
Box bounding_box(const Mask& mask, const Box& within);
Box bounding_box(const Mask& mask);

/// What a region's result may change: what the mask repaints in it, and `feather` pixels around.
Box changed_part(const Mask& mask, const WorkingRegion& region, int feather);

/// Whether a box has no pixel that is kept.
bool all_repainted(const Mask& mask, const Box& box);

/// `box` with `margin` more pixels on each side, as far as `limit` reaches.
Box grown(const Box& box, int margin, const Box& limit);

}  // namespace zimage

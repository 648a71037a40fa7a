// Which part of the picture the model works on, and at what size.
#pragma once

#include "zimage/geometry.h"
#include "zimage/image.h"

namespace zimage {

inline Box box_of(const WorkingRegion& region) { return {region.x, region.y, region.width, region.height}; }

/// Working sides are multiples of 16 pixels: a token spans 2×2 latent cells of 8×8 pixels.
inline constexpr int kSizeMultiple = 16;

/// Returns the nearest multiple of 16, at least 16.
int round_to_multiple(int side);

/// Returns the whole picture as a region, which is resized only if its sides aren't multiples of 16.
WorkingRegion whole_picture(int width, int height);

/// Returns the smallest box that holds every repainted pixel in `within`; empty if there is none.
Box bounding_box(const Mask& mask, const Box& within);
Box bounding_box(const Mask& mask);

/// Returns the box that a region's result may change: what the mask repaints in it, and `feather` pixels around that.
Box changed_part(const Mask& mask, const WorkingRegion& region, int feather);

/// Returns whether the mask repaints every pixel of a box.
bool all_repainted(const Mask& mask, const Box& box);

/// Returns `box` with `margin` more pixels on each side, as far as `limit` reaches.
Box grown(const Box& box, int margin, const Box& limit);

}  // namespace zimage

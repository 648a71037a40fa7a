// Grows, fills and resizes masks, in time linear in the pixels.
#pragma once

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Repaints every pixel within `pixels` of a repainted one, measured between centres (an exact disc). 0 changes
/// nothing. In a soft mask, a new pixel takes the level of the nearest mask pixel.
Mask grow_mask(const Mask& mask, int pixels);

/// Repaints, at full level, what the mask surrounds: kept pixels from which no path of edge neighbours leads out of the
/// mask. The picture's border doesn't count as mask.
Mask fill_mask_holes(const Mask& mask);

/// Returns whether one size is the other one scaled, allowing for sides rounded to whole pixels.
bool same_aspect(int width, int height, int other_width, int other_height);

/// Resizes the whole mask, or a box in it. A pixel is repainted if it overlaps any repainted one, so that no stroke is
/// lost; it takes the highest level among those it overlaps.
Mask resize_mask(const Mask& mask, int width, int height);
Mask resize_mask(const Mask& mask, const Box& box, int width, int height);

}  // namespace zimage

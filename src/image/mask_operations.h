// Masks made larger: grown, filled, brought to another size. All in time linear in the pixels.
#pragma once

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Every pixel within `pixels` of a repainted one, from centre to centre (a disc, exactly). The mask itself for 0.
/// What a soft mask gains has the level of the mask pixel that lies nearest.
Mask grow_mask(const Mask& mask, int pixels);

/// Repaints, at full level, what the mask surrounds: kept pixels from which no path of edge neighbours leads out of the
/// mask. The picture's border surrounds nothing.
Mask fill_mask_holes(const Mask& mask);

/// Whether one size is the other scaled, but for the rounding of its sides to whole pixels.
bool same_aspect(int width, int height, int other_width, int other_height);

/// A pixel is repainted if any mask pixel that it overlaps is, so that no stroke is lost; of levels the highest counts.
/// Of the whole mask, or of a box in it.
Mask resize_mask(const Mask& mask, int width, int height);
Mask resize_mask(const Mask& mask, const Box& box, int width, int height);

}  // namespace zimage

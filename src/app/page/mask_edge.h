// Draws where a mask's edge runs.
#pragma once

#include "zimage/image.h"

namespace zimage::app {

/// Draws the edge of what `mask` repaints into an 8-bit picture, which is shrunk to at most the mask's size. Inside the
/// edge runs a band of a colour that photographs hardly have, and outside of it a light one, so that it shows on
/// everything. Returns the picture with colours.
Image with_mask_edge(const Image& picture, const Mask& mask);

}  // namespace zimage::app

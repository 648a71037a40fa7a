// Reads the text of shapes: rect:X,Y,W,H, ellipse:X,Y,W,H and polygon:X,Y X,Y X,Y …, several joined by +.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/mask_shapes.h"

namespace zimage {

/// Returns whether the text begins like a shape.
bool is_shape_text(std::string_view text);

/// Parses shapes. A number is in pixels, or with a % behind it in percent of the picture's width or height; it may have
/// a fraction and a minus. Blanks may stand between numbers, commas and shapes. Errors: kUsage, with the place of the
/// mistake, for anything else, a width or height that isn't above 0, and a polygon of fewer than three points.
std::vector<MaskShape> parse_shapes(const std::string& text);

}  // namespace zimage

// Draws onto a picture what is going to happen to it: the mask as a tint, its edge as a line, boxes. The pictures are
// 8-bit RGB or RGBA; what is drawn is opaque, and all other pixels stay as they are. Each line has two colours, so that
// it can be seen on any picture.
#pragma once

#include <array>
#include <cstdint>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// The colour of what is marked, which photographs hardly have.
inline constexpr std::array<std::uint8_t, 3> kMarkColor = {255, 0, 128};

/// Returns how many pixels wide lines are on a picture of this size, so that they are still seen when it is shown
/// small: 1 up to 800 pixels a side.
int line_width(int width, int height);

/// Mixes this share of magenta into what the mask repaints; of a soft mask's pixel, its level's share of it.
void draw_tint(Image& picture, const Mask& mask, double share);

/// Draws the edge of the mask on the pixels inside it: magenta next to what is kept, and white within that, each `line`
/// pixels wide. Where the mask meets the picture's border there is no edge.
void draw_mask_edge(Image& picture, const Mask& mask, int line);

/// Draws the outline of a box, `line` pixels wide, on its outermost pixels, with dashes in black and white.
void draw_box(Image& picture, const Box& box, int line);

}  // namespace zimage

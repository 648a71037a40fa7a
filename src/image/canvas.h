// Pictures cut out and pictures on a larger canvas.
#pragma once

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// What the picture shows in a box within it.
Image crop_image(const Image& picture, const Box& box);

/// Pixels to add on each side.
struct Borders {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;

  bool any() const { return left > 0 || top > 0 || right > 0 || bottom > 0; }
};

/// The picture on a larger canvas, itself bit for bit. The border mirrors it, opaque: something of its kind for the
/// encoder to see, which the repaint replaces.
Image grow_canvas(const Image& picture, const Borders& borders);

/// The mask on that canvas: the border is repainted, at full level.
Mask grow_canvas(const Mask& mask, const Borders& borders);

}  // namespace zimage

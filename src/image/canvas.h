// Cuts parts out of images, and puts images on a larger canvas.
#pragma once

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Returns the part of the picture in a box, which lies within it.
Image crop_image(const Image& picture, const Box& box);

/// Pixels to add on each side.
struct Borders {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;

  bool any() const { return left > 0 || top > 0 || right > 0 || bottom > 0; }
};

/// Puts the picture, bit for bit, on a larger canvas. The border is its opaque mirror image, so that the encoder sees
/// similar content there; repainting replaces it.
Image grow_canvas(const Image& picture, const Borders& borders);

/// Puts the mask on that canvas: the border is repainted, at full level.
Mask grow_canvas(const Mask& mask, const Borders& borders);

}  // namespace zimage

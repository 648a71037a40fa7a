// Brings images into the form that screens and simple viewers show.
#pragma once

#include "zimage/image.h"

namespace zimage {

/// Returns the image with 8 bits a sample and colour channels: RGB, or RGBA if it has alpha.
Image to_8_bit_color(const Image& image);

/// Returns an 8-bit RGBA image as RGB over a checkerboard; an RGB image as it is.
Image without_alpha(Image image);

}  // namespace zimage

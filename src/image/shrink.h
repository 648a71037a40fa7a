// Makes small copies of pictures, for people to look at.
#pragma once

#include "zimage/image.h"

namespace zimage {

/// Returns the size of a picture that fits into a square of `side` pixels with its aspect kept: never larger than it
/// is, and no side below 1.
struct PictureSides {
  int width = 0;
  int height = 0;
  bool operator==(const PictureSides&) const = default;
};
PictureSides sides_within(int width, int height, int side);

/// Shrinks a picture to a size that is no larger than its own, with `bit_depth` 8 or 16. Each pixel is the mean of the
/// area that it covers, weighted by alpha, in linear light: the samples are taken for sRGB's. A picture that keeps its
/// size keeps its samples, but for the depth.
Image shrink(const Image& image, int width, int height, int bit_depth = 8);

/// Shrinks an 8-bit grey picture so that each pixel is the brightest of the area that it covers: no single bright pixel
/// is lost.
Image shrink_to_brightest(const Image& image, int width, int height);

}  // namespace zimage

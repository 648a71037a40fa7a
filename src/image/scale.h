// Scales pictures for the eye: pages, previews, terminals. What the model sees is scaled in inpaint/resample.
#pragma once

#include "zimage/image.h"

namespace zimage {

struct FittedSize {
  int width = 1;
  int height = 1;
  bool operator==(const FittedSize&) const = default;
};

/// Returns the largest size of a picture's shape within a box, no side below 1, and no larger than the picture unless
/// `larger_too`.
FittedSize fit_into(int width, int height, int most_width, int most_height, bool larger_too = false);

/// Shrinks a picture to a size that is no larger than its own, with `bit_depth` 8 or 16. Each pixel is the mean of the
/// area that it covers, weighted by alpha, in linear light: the samples are taken for sRGB's. A picture that keeps its
/// size keeps its samples, but for the depth.
Image shrink(const Image& image, int width, int height, int bit_depth = 8);

/// Shrinks an 8-bit grey picture so that each pixel is the brightest of the area that it covers: no single bright pixel
/// is lost.
Image shrink_to_brightest(const Image& image, int width, int height);

/// Enlarges an 8-bit picture without alpha to a size that is no smaller than its own, bilinearly.
Image enlarge(const Image& image, int width, int height);

}  // namespace zimage

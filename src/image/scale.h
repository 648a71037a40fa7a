// Scales pictures for the eye: previews, thumbnails, terminals. What the model sees is scaled in inpaint/resample.
#pragma once

#include "zimage/image.h"

namespace zimage {

/// Scales an 8-bit image with a triangle filter, which is widened by the scale when shrinking: bilinear when
/// enlarging, without aliases when shrinking. Requires sides of at least 1.
Image scale_image(const Image& image, int width, int height);

struct FittedSize {
  int width = 1;
  int height = 1;
};

/// Returns the largest size of an image's shape within a box, but no larger than the image unless `enlarge`.
FittedSize fit_into(int width, int height, int most_width, int most_height, bool enlarge);

}  // namespace zimage

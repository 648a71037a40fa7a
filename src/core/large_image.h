// Memory for large pictures: touching it for the first time is much of what handling them costs.
#pragma once

#include "zimage/image.h"

namespace zimage {

/// Room for all samples of an image whose sizes are set and that has none yet; a large one's is asked for in large
/// pages.
void reserve_samples(Image& image);

/// A black (and transparent) picture in such room.
Image blank_image(int width, int height, int channels, int bit_depth = 8);

/// The same picture again, in such room.
Image copy_of(const Image& image);

}  // namespace zimage

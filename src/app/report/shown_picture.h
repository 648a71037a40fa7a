// Prepares pictures for those who look at them while the program runs.
#pragma once

#include <cstdint>
#include <vector>

#include "zimage/image.h"

namespace zimage::app {

/// Returns an 8-bit RGB picture, scaled to fit into a box of pixels; it is enlarged too if `larger_too`.
Image fitted_picture(const Image& picture, int most_width, int most_height, bool larger_too);

/// Returns a picture as the bytes of a PNG file.
std::vector<std::uint8_t> png_of(const Image& picture);

}  // namespace zimage::app

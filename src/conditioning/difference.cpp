#include "conditioning/difference.h"

#include <algorithm>
#include <cstdlib>

namespace zimage {
namespace {

int level(const Image& image, int x, int y, int c, bool to_8_bits) {
  const int value = image.samples[image.index(x, y, c)];
  return to_8_bits && image.bit_depth == 16 ? (value * 255 + 32767) / 65535 : value;
}

/// Colour channel c (0…2) of grey or RGB.
int color(const Image& image, int x, int y, int c, bool to_8_bits) {
  return level(image, x, y, image.color_channels() == 1 ? 0 : c, to_8_bits);
}

}  // namespace

Difference compare(const Image& before, const Image& after, const Mask& mask) {
  Difference difference;
  const bool to_8_bits = before.bit_depth != after.bit_depth;
  const bool alpha = before.has_alpha() && after.has_alpha();
  for (int y = 0; y < before.height; ++y) {
    for (int x = 0; x < before.width; ++x) {
      int change = 0;
      for (int c = 0; c < 3; ++c) {
        change = std::max(change, std::abs(color(before, x, y, c, to_8_bits) - color(after, x, y, c, to_8_bits)));
      }
      if (alpha) {
        change = std::max(change, std::abs(level(before, x, y, before.channels - 1, to_8_bits) -
                                           level(after, x, y, after.channels - 1, to_8_bits)));
      }
      if (change == 0) continue;
      ++difference.changed_pixels;
      const std::size_t at =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width) + static_cast<std::size_t>(x);
      if (mask.repaint[at] == 0)
        difference.max_change_outside_mask = std::max(difference.max_change_outside_mask, change);
    }
  }
  return difference;
}

}  // namespace zimage

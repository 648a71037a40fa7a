#include "conditioning/difference.h"

#include <algorithm>
#include <cstdint>
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
  std::uint64_t sum_outside = 0;
  std::uint64_t samples_outside = 0;
  for (int y = 0; y < before.height; ++y) {
    for (int x = 0; x < before.width; ++x) {
      int change = 0;
      int sum = 0;
      const auto add = [&](int a, int b) {
        change = std::max(change, std::abs(a - b));
        sum += std::abs(a - b);
      };
      for (int c = 0; c < 3; ++c) add(color(before, x, y, c, to_8_bits), color(after, x, y, c, to_8_bits));
      if (alpha) {
        add(level(before, x, y, before.channels - 1, to_8_bits), level(after, x, y, after.channels - 1, to_8_bits));
      }
      if (change > 0) ++difference.changed_pixels;
      if (mask.repaint[mask.index(x, y)] != 0) continue;
      difference.max_change_outside_mask = std::max(difference.max_change_outside_mask, change);
      sum_outside += static_cast<std::uint64_t>(sum);
      samples_outside += alpha ? 4 : 3;
    }
  }
  if (samples_outside > 0) {
    difference.mean_change_outside_mask = static_cast<double>(sum_outside) / static_cast<double>(samples_outside);
  }
  return difference;
}

}  // namespace zimage

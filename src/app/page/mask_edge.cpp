#include "app/page/mask_edge.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "image/mask_operations.h"

namespace zimage::app {
namespace {

constexpr std::array<std::uint8_t, 3> kInside = {0xFF, 0x2D, 0x78};
constexpr std::array<std::uint8_t, 3> kOutside = {0xFF, 0xFF, 0xFF};
/// So many pixels of the longer side make the band one pixel wider: large pictures are shown smaller than they are.
constexpr int kWider = 256;

Image with_colors(const Image& picture) {
  if (picture.color_channels() == 3) return picture;
  Image out(picture.width, picture.height, picture.has_alpha() ? 4 : 3);
  std::uint8_t* to = out.samples.bytes();
  const std::uint8_t* from = picture.samples.bytes();
  for (std::size_t i = 0; i < picture.samples.size(); i += static_cast<std::size_t>(picture.channels)) {
    for (int c = 0; c < 3; ++c) *to++ = from[i];
    if (picture.has_alpha()) *to++ = from[i + 1];
  }
  return out;
}

/// Returns the mask with one more pixel on each side, which is kept: there the edge runs along the picture's border.
Mask with_border(const Mask& mask) {
  Mask out(mask.width + 2, mask.height + 2);
  for (int y = 0; y < mask.height; ++y) {
    std::copy_n(mask.repaint.begin() + static_cast<std::ptrdiff_t>(mask.index(0, y)), mask.width,
                out.repaint.begin() + static_cast<std::ptrdiff_t>(out.index(1, y + 1)));
  }
  return out;
}

Mask inverted(Mask mask) {
  for (std::uint8_t& repaint : mask.repaint) repaint = repaint == 0 ? 1 : 0;
  return mask;
}

}  // namespace

Image with_mask_edge(const Image& picture, const Mask& mask) {
  Image out = with_colors(picture);
  const int width = 1 + std::max(picture.width, picture.height) / kWider;
  Mask small = resize_mask(mask, picture.width, picture.height);
  small.level.clear();
  const Mask inside = with_border(small);
  const Mask kept = grow_mask(inverted(inside), width);  // reaches as far into the mask as the band is wide
  const Mask grown = grow_mask(inside, width);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const std::size_t at = inside.index(x + 1, y + 1);
      const bool band = inside.repaint[at] != 0 && kept.repaint[at] != 0;
      const bool light = inside.repaint[at] == 0 && grown.repaint[at] != 0;
      if (!band && !light) continue;
      std::uint8_t* pixel = out.samples.bytes() + out.index(x, y);
      std::copy_n((band ? kInside : kOutside).begin(), 3, pixel);
      if (out.has_alpha()) pixel[3] = 255;
    }
  }
  return out;
}

}  // namespace zimage::app

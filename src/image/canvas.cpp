#include "image/canvas.h"

#include <algorithm>

namespace zimage {
namespace {

/// Maps a coordinate to the pixel that it mirrors: …2 1 0 | 0 1 2 … n-1 | n-1 n-2….
int mirrored(int place, int side) {
  const int period = 2 * side;
  const int inside = ((place % period) + period) % period;
  return inside < side ? inside : period - 1 - inside;
}

bool within(int place, int side) { return place >= 0 && place < side; }

}  // namespace

Image crop_image(const Image& picture, const Box& box) {
  Image out(box.width, box.height, picture.channels, picture.bit_depth);
  const std::size_t row = out.index(0, 1) * out.samples.sample_bytes();
  for (int y = 0; y < box.height; ++y) {
    std::copy_n(picture.samples.address(picture.index(box.x, box.y + y)), row, out.samples.address(out.index(0, y)));
  }
  return out;
}

Image grow_canvas(const Image& picture, const Borders& borders) {
  Image canvas(picture.width + borders.left + borders.right, picture.height + borders.top + borders.bottom,
               picture.channels, picture.bit_depth);
  const std::size_t pixel = picture.index(1, 0) * picture.samples.sample_bytes();
  for (int y = 0; y < canvas.height; ++y) {
    const int from_y = y - borders.top;
    for (int x = 0; x < canvas.width; ++x) {
      const int from_x = x - borders.left;
      const std::size_t from = picture.index(mirrored(from_x, picture.width), mirrored(from_y, picture.height));
      std::copy_n(picture.samples.address(from), pixel, canvas.samples.address(canvas.index(x, y)));
      const bool old = within(from_x, picture.width) && within(from_y, picture.height);
      if (!old && picture.has_alpha())
        canvas.samples.set(canvas.index(x, y, picture.channels - 1), picture.max_value());
    }
  }
  return canvas;
}

Mask grow_canvas(const Mask& mask, const Borders& borders) {
  Mask canvas(mask.width + borders.left + borders.right, mask.height + borders.top + borders.bottom);
  std::fill(canvas.repaint.begin(), canvas.repaint.end(), std::uint8_t{1});
  if (mask.soft()) {
    canvas.level.assign(canvas.repaint.size(), 0);
    std::fill(canvas.level.begin(), canvas.level.end(), std::uint8_t{255});
  }
  for (int y = 0; y < mask.height; ++y) {
    const std::size_t from = mask.index(0, y);
    const std::size_t to = canvas.index(borders.left, y + borders.top);
    std::copy_n(mask.repaint.data() + from, mask.width, canvas.repaint.data() + to);
    if (mask.soft()) std::copy_n(mask.level.data() + from, mask.width, canvas.level.data() + to);
  }
  return canvas;
}

}  // namespace zimage

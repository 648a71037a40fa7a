#include "image/overlay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "image/distance.h"

namespace zimage {
namespace {

using Color = std::array<std::uint8_t, 3>;
constexpr Color kWhite = {255, 255, 255};
constexpr Color kBlack = {0, 0, 0};

/// The longer side of a picture whose lines are one pixel wide.
constexpr int kSideOfOnePixel = 800;
/// The length of a dash, in widths of the line.
constexpr int kDash = 4;

void put(Image& picture, int x, int y, const Color& color) {
  std::uint8_t* pixel = picture.samples.bytes() + picture.index(x, y);
  std::copy(color.begin(), color.end(), pixel);
  if (picture.channels == 4) pixel[3] = 255;
}

Mask kept_part(const Mask& mask) {
  Mask kept(mask.width, mask.height);
  std::transform(mask.repaint.begin(), mask.repaint.end(), kept.repaint.begin(),
                 [](std::uint8_t repaint) { return static_cast<std::uint8_t>(repaint == 0); });
  return kept;
}

}  // namespace

int line_width(int width, int height) {
  return std::max((std::max(width, height) + kSideOfOnePixel / 2) / kSideOfOnePixel, 1);
}

void draw_tint(Image& picture, const Mask& mask, double share) {
  const auto channels = static_cast<std::size_t>(picture.channels);
  std::uint8_t* pixel = picture.samples.bytes();
  for (std::size_t i = 0; i < mask.repaint.size(); ++i, pixel += channels) {
    if (mask.repaint[i] == 0) continue;
    const double mixed = mask.soft() ? share * mask.level[i] / 255.0 : share;
    for (std::size_t c = 0; c < kMarkColor.size(); ++c) {
      pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] * (1.0 - mixed) + kMarkColor[c] * mixed));
    }
    // Paint on what is transparent would not be seen.
    if (channels == 4) pixel[3] = 255;
  }
}

void draw_mask_edge(Image& picture, const Mask& mask, int line) {
  const Box all{0, 0, mask.width, mask.height};
  const Box near = grown(bounding_box(mask), 1, all);
  if (near.empty()) return;
  const std::int64_t outer = std::int64_t{line} * line;
  for_each_nearest(kept_part(mask), near, [&](int y, const std::vector<Nearest>& row) {
    for (int i = 0; i < near.width; ++i) {
      const std::int64_t squared = row[static_cast<std::size_t>(i)].squared;
      if (squared == 0 || squared > 4 * outer) continue;
      put(picture, near.x + i, y, squared <= outer ? kMarkColor : kWhite);
    }
  });
}

void draw_box(Image& picture, const Box& box, int line) {
  const int dash = kDash * line;
  const auto draw = [&](int x, int y, int along) { put(picture, x, y, (along / dash) % 2 == 0 ? kBlack : kWhite); };
  const int right = box.x + box.width - 1;
  const int bottom = box.y + box.height - 1;
  const int thick = std::min({line, box.width, box.height});
  for (int depth = 0; depth < thick; ++depth) {
    for (int x = box.x; x <= right; ++x) {
      draw(x, box.y + depth, x - box.x);
      draw(x, bottom - depth, x - box.x);
    }
    for (int y = box.y; y <= bottom; ++y) {
      draw(box.x + depth, y, y - box.y);
      draw(right - depth, y, y - box.y);
    }
  }
}

}  // namespace zimage

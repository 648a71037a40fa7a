#include "image/overlay.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "support/catch.h"

namespace zimage {
namespace {

constexpr int kSide = 40;

Image filled(int level, int channels = 3) {
  Image image(kSide, kSide, channels);
  std::fill_n(image.samples.bytes(), image.samples.size(), static_cast<std::uint8_t>(level));
  return image;
}

Mask square(int from, int to) {
  Mask mask(kSide, kSide);
  for (int y = from; y < to; ++y) {
    for (int x = from; x < to; ++x) mask.repaint[mask.index(x, y)] = 1;
  }
  return mask;
}

std::vector<int> color_at(const Image& image, int x, int y) {
  std::vector<int> color;
  for (int c = 0; c < image.channels; ++c) color.push_back(image.samples[image.index(x, y, c)]);
  return color;
}

using Color = std::vector<int>;
const Color kMagenta = {255, 0, 128};
const Color kWhite = {255, 255, 255};
const Color kBlack = {0, 0, 0};

/// Returns the distance of a pixel of the square [from, to) to the nearest pixel outside it.
int depth(int x, int y, int from, int to) { return std::min({x - from, y - from, to - 1 - x, to - 1 - y}) + 1; }

}  // namespace

TEST_CASE("a mask's edge lies inside it, magenta next to what is kept and white within") {
  const int line = GENERATE(1, 2, 3);
  const int level = GENERATE(0, 255, 128);
  CAPTURE(line, level);
  const Mask mask = square(10, 30);
  Image image = filled(level);
  draw_mask_edge(image, mask, line);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool inside = mask.repaint[mask.index(x, y)] != 0;
      const int deep = inside ? depth(x, y, 10, 30) : 0;
      const Color left = {level, level, level};
      const Color expected = !inside ? left : deep <= line ? kMagenta : deep <= 2 * line ? kWhite : left;
      CAPTURE(x, y);
      REQUIRE(color_at(image, x, y) == expected);
    }
  }
}

TEST_CASE("a mask has no edge at the picture's border, and an empty mask has none at all") {
  Image image = filled(7);
  draw_mask_edge(image, square(0, kSide), 2);
  CHECK(image.samples == filled(7).samples);
  draw_mask_edge(image, Mask(kSide, kSide), 2);
  CHECK(image.samples == filled(7).samples);
  draw_mask_edge(image, square(0, 20), 1);
  CHECK(color_at(image, 0, 0) == Color{7, 7, 7});
  CHECK(color_at(image, 19, 5) == kMagenta);
  CHECK(color_at(image, 18, 5) == kWhite);
}

TEST_CASE("a mask of one pixel is seen") {
  Image image = filled(0);
  draw_mask_edge(image, square(5, 6), 1);
  CHECK(color_at(image, 5, 5) == kMagenta);
}

TEST_CASE("a tint mixes magenta into what is repainted, by a soft mask's levels") {
  Image image = filled(100);
  draw_tint(image, square(10, 30), 0.5);
  CHECK(color_at(image, 10, 29) == Color{178, 50, 114});
  CHECK(color_at(image, 9, 29) == Color{100, 100, 100});
  Mask soft = square(10, 30);
  soft.level.assign(soft.repaint.size(), 51);
  image = filled(100);
  draw_tint(image, soft, 0.5);
  CHECK(color_at(image, 10, 29) == Color{116, 90, 103});
}

TEST_CASE("what is drawn on a transparent picture is opaque, and the rest stays transparent") {
  Image image(kSide, kSide, 4);
  draw_tint(image, square(10, 30), 0.5);
  draw_mask_edge(image, square(10, 30), 1);
  draw_box(image, {2, 2, 36, 36}, 1);
  CHECK(color_at(image, 20, 20)[3] == 255);
  CHECK(color_at(image, 10, 20)[3] == 255);
  CHECK(color_at(image, 2, 2)[3] == 255);
  CHECK(color_at(image, 5, 5) == Color{0, 0, 0, 0});
}

TEST_CASE("a box's outline covers its outermost pixels with black and white dashes") {
  const int line = GENERATE(1, 2);
  const Box box{3, 5, 30, 20};
  Image image = filled(100);
  draw_box(image, box, line);
  std::set<Color> seen;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool inside = x >= 3 && x < 33 && y >= 5 && y < 25;
      const int deep = inside ? std::min({x - 3, y - 5, 32 - x, 24 - y}) : line;
      const Color color = color_at(image, x, y);
      CAPTURE(x, y);
      if (deep < line) {
        REQUIRE((color == kBlack || color == kWhite));
        seen.insert(color);
      } else {
        REQUIRE(color == Color{100, 100, 100});
      }
    }
  }
  CHECK(seen.size() == 2);
}

TEST_CASE("lines get wider with the picture") {
  CHECK(line_width(64, 48) == 1);
  CHECK(line_width(800, 600) == 1);
  CHECK(line_width(600, 1600) == 2);
  CHECK(line_width(6000, 4000) == 8);
}

}  // namespace zimage

#include "image/mask_operations.h"

#include <algorithm>
#include <random>

#include "image/mask.h"
#include "support/catch.h"
#include "support/samples.h"

namespace zimage {
namespace {

Mask drawn(const std::vector<std::string>& rows) {
  Mask mask(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()));
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      mask.repaint[mask.index(x, y)] = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] == '#' ? 1 : 0;
    }
  }
  return mask;
}

Mask random_mask(int width, int height, double share, std::mt19937& random) {
  Mask mask(width, height);
  std::bernoulli_distribution paints(share);
  for (auto& value : mask.repaint) value = paints(random) ? 1 : 0;
  return mask;
}

/// Returns the kept pixels that a path of edge neighbours joins to the picture's border, found by repeated sweeps.
std::vector<std::uint8_t> joined_to_border(const Mask& mask) {
  std::vector<std::uint8_t> joined(mask.repaint.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (int y = 0; y < mask.height; ++y) {
      for (int x = 0; x < mask.width; ++x) {
        const std::size_t i = mask.index(x, y);
        if (mask.repaint[i] != 0 || joined[i] != 0) continue;
        const bool border = x == 0 || y == 0 || x + 1 == mask.width || y + 1 == mask.height;
        const auto at = [&](int u, int v) { return joined[mask.index(u, v)] != 0; };
        if (border || at(x - 1, y) || at(x + 1, y) || at(x, y - 1) || at(x, y + 1)) {
          joined[i] = 1;
          changed = true;
        }
      }
    }
  }
  return joined;
}

TEST_CASE("holes are filled even if they open at a corner, but bays are not") {
  const Mask mask = drawn({".......", ".####..", ".#..#.#", ".#.#..#", "..#...#", "......#"});
  const Mask filled = drawn({".......", ".####..", ".####.#", ".###..#", "..#...#", "......#"});
  CHECK(fill_mask_holes(mask).repaint == filled.repaint);
  CHECK(fill_mask_holes(Mask(5, 4)).count() == 0);
}

TEST_CASE("filling keeps exactly the pixels that are joined to the border") {
  std::mt19937 random(17);
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 30);
    const int height = 1 + static_cast<int>(random() % 30);
    const Mask mask = random_mask(width, height, 0.2 + 0.01 * round, random);
    const auto joined = joined_to_border(mask);
    const Mask filled = fill_mask_holes(mask);
    CAPTURE(round, width, height);
    for (std::size_t i = 0; i < joined.size(); ++i) REQUIRE(filled.repaint[i] == (joined[i] != 0 ? 0 : 1));
  }
}

TEST_CASE("a large mask grows like a small one, across the borders of its tiles") {
  std::mt19937 random(5);
  constexpr int kWidth = 700;
  constexpr int kHeight = 540;
  for (const int pixels : {1, 6, 90}) {
    Mask mask(kWidth, kHeight);
    mask.level.assign(mask.repaint.size(), 0);
    std::vector<std::pair<int, int>> points = {{255, 255}, {256, 300}, {512, 10}, {0, 0}, {kWidth - 1, kHeight - 1}};
    for (int i = 0; i < 5; ++i) points.emplace_back(random() % kWidth, random() % kHeight);
    for (const auto& [x, y] : points) {
      mask.repaint[mask.index(x, y)] = 1;
      mask.level[mask.index(x, y)] = static_cast<std::uint8_t>(1 + random() % 255);
    }
    const Mask grown = grow_mask(mask, pixels);
    CAPTURE(pixels);
    int wrong = 0;
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) {
        int nearest = pixels * pixels + 1;
        bool level = false;
        for (const auto& [u, v] : points) {
          const int squared = (u - x) * (u - x) + (v - y) * (v - y);
          const bool same = grown.level[mask.index(x, y)] == mask.level[mask.index(u, v)];
          if (squared <= nearest) level = same || (level && squared == nearest);
          nearest = std::min(nearest, squared);
        }
        const bool reached = nearest <= pixels * pixels;
        if (grown.repaint[mask.index(x, y)] != (reached ? 1 : 0)) ++wrong;
        if (reached ? !level : grown.level[mask.index(x, y)] != 0) ++wrong;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("sizes of one aspect") {
  CHECK(same_aspect(100, 50, 4000, 2000));
  CHECK(same_aspect(1000, 667, 6000, 4000));  // 666.67 is rounded
  CHECK(same_aspect(1000, 666, 6000, 4000));
  CHECK(same_aspect(6000, 4000, 1000, 667));
  CHECK_FALSE(same_aspect(1000, 660, 6000, 4000));
  CHECK_FALSE(same_aspect(20, 10, 64, 48));
  CHECK_FALSE(same_aspect(4000, 6000, 6000, 4000));
}

TEST_CASE("a resized mask covers everything that it covered before, and is no wider than it must be") {
  std::mt19937 random(23);
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 40);
    const int height = 1 + static_cast<int>(random() % 40);
    const int new_width = 1 + static_cast<int>(random() % 40);
    const int new_height = 1 + static_cast<int>(random() % 40);
    const Mask mask = random_mask(width, height, 0.05, random);
    const Mask out = resize_mask(mask, new_width, new_height);
    CAPTURE(round, width, height, new_width, new_height);
    for (int y = 0; y < new_height; ++y) {
      for (int x = 0; x < new_width; ++x) {
        bool overlapped = false;
        for (int v = 0; v < height; ++v) {
          for (int u = 0; u < width; ++u) {
            const bool overlaps = u * new_width < (x + 1) * width && (u + 1) * new_width > x * width &&
                                  v * new_height < (y + 1) * height && (v + 1) * new_height > y * height;
            overlapped = overlapped || (overlaps && mask.repaint[mask.index(u, v)] != 0);
          }
        }
        REQUIRE((out.repaint[out.index(x, y)] != 0) == overlapped);
      }
    }
    CHECK(resize_mask(mask, width, height).repaint == mask.repaint);
  }
}

TEST_CASE("a box of a mask is resized like a mask of its own") {
  std::mt19937 random(24);
  Mask mask = random_mask(40, 30, 0.1, random);
  mask.level.assign(mask.repaint.size(), 0);
  for (std::size_t i = 0; i < mask.level.size(); ++i) {
    mask.level[i] = static_cast<std::uint8_t>(mask.repaint[i] * (1 + random() % 255));
  }
  const Box box{7, 3, 25, 21};
  Mask part(box.width, box.height);
  part.level.assign(part.repaint.size(), 0);
  for (int y = 0; y < box.height; ++y) {
    for (int x = 0; x < box.width; ++x) {
      part.repaint[part.index(x, y)] = mask.repaint[mask.index(box.x + x, box.y + y)];
      part.level[part.index(x, y)] = mask.level[mask.index(box.x + x, box.y + y)];
    }
  }
  for (const auto& [width, height] : {std::pair{16, 16}, {25, 21}, {25, 7}, {64, 48}}) {
    CAPTURE(width, height);
    const Mask expected = resize_mask(part, width, height);
    const Mask made = resize_mask(mask, box, width, height);
    CHECK(made.repaint == expected.repaint);
    CHECK(made.level == expected.level);
  }
}

Image greys(std::vector<std::uint16_t> samples) {
  Image image(static_cast<int>(samples.size()), 1, 1);
  test::fill(image, std::move(samples));
  return image;
}

TEST_CASE("soft masks keep their levels through every operation") {
  const Mask soft = mask_from_image(greys({0, 1, 127, 200, 255}), MaskReading{0.0, false, true});
  CHECK(soft.repaint == std::vector<std::uint8_t>{0, 1, 1, 1, 1});
  CHECK(soft.level == std::vector<std::uint8_t>{0, 1, 127, 200, 255});
  const Mask cut = mask_from_image(greys({0, 1, 127, 200, 255}), MaskReading{0.5, true, true});
  CHECK(cut.level == std::vector<std::uint8_t>{255, 254, 128, 0, 0});
  CHECK(grow_mask(soft, 1).level == std::vector<std::uint8_t>{1, 1, 127, 200, 255});
  CHECK(resize_mask(soft, 2, 1).level == std::vector<std::uint8_t>{127, 255});
  Mask ring = drawn({"###", "#.#", "###"});
  ring.level.assign(9, 0);
  std::fill(ring.level.begin(), ring.level.end(), std::uint8_t{40});
  ring.level[4] = 0;
  CHECK(fill_mask_holes(ring).level[4] == 255);
  for (const Mask& mask : {grow_mask(soft, 1), resize_mask(soft, 9, 1), fill_mask_holes(ring)}) {
    for (std::size_t i = 0; i < mask.level.size(); ++i) CHECK((mask.level[i] > 0) == (mask.repaint[i] == 1));
  }
}

}  // namespace
}  // namespace zimage

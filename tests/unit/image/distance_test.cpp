#include "image/distance.h"

#include <algorithm>
#include <random>

#include "image/mask_operations.h"
#include "support/catch.h"

namespace zimage {
namespace {

Mask random_mask(int width, int height, double share, std::mt19937& random) {
  Mask mask(width, height);
  std::bernoulli_distribution paints(share);
  for (auto& value : mask.repaint) value = paints(random) ? 1 : 0;
  return mask;
}

std::int64_t brute_force(const Mask& mask, const Box& box, int x, int y) {
  std::int64_t best = Nearest::kNone;
  for (int v = box.y; v < box.y + box.height; ++v) {
    for (int u = box.x; u < box.x + box.width; ++u) {
      if (mask.repaint[mask.index(u, v)] == 0) continue;
      const std::int64_t dx = u - x;
      const std::int64_t dy = v - y;
      best = std::min(best, dx * dx + dy * dy);
    }
  }
  return best;
}

TEST_CASE("distances are exact, and the nearest pixel really is at that distance") {
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const int width = 1 + static_cast<int>(random() % 40);
    const int height = 1 + static_cast<int>(random() % 40);
    const double share = round % 5 == 0 ? 0.3 : 0.01;
    const Mask mask = random_mask(width, height, share, random);
    const int x = static_cast<int>(random() % static_cast<unsigned>(width));
    const int y = static_cast<int>(random() % static_cast<unsigned>(height));
    const Box box = round % 2 == 0 ? Box{0, 0, width, height} : Box{x, y, width - x, height - y};
    CAPTURE(round, width, height, box.x, box.y);
    int rows = 0;
    for_each_nearest(mask, box, [&](int py, const std::vector<Nearest>& row) {
      REQUIRE(py == box.y + rows++);
      for (int i = 0; i < box.width; ++i) {
        const Nearest& nearest = row[static_cast<std::size_t>(i)];
        REQUIRE(nearest.squared == brute_force(mask, box, box.x + i, py));
        if (nearest.squared == Nearest::kNone) continue;
        REQUIRE(mask.repaint[mask.index(nearest.x, nearest.y)] == 1);
        const std::int64_t dx = nearest.x - box.x - i;
        const std::int64_t dy = nearest.y - py;
        REQUIRE(dx * dx + dy * dy == nearest.squared);
      }
    });
    CHECK(rows == box.height);
  }
}

TEST_CASE("a grown mask is every pixel within reach of the mask, and no other") {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    const int width = 1 + static_cast<int>(random() % 50);
    const int height = 1 + static_cast<int>(random() % 50);
    const Mask mask = random_mask(width, height, round == 0 ? 0.0 : 0.004, random);
    const int pixels = static_cast<int>(random() % 12);
    CAPTURE(round, width, height, pixels);
    const Mask big = grow_mask(mask, pixels);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::int64_t squared = brute_force(mask, {0, 0, width, height}, x, y);
        REQUIRE((big.repaint[big.index(x, y)] == 1) ==
                (squared != Nearest::kNone && squared <= std::int64_t{pixels} * pixels));
      }
    }
  }
}

TEST_CASE("the box of a mask") {
  Mask mask(9, 7);
  CHECK(bounding_box(mask).empty());
  mask.repaint[mask.index(3, 5)] = 1;
  CHECK(bounding_box(mask) == Box{3, 5, 1, 1});
  mask.repaint[mask.index(8, 1)] = 1;
  CHECK(bounding_box(mask) == Box{3, 1, 6, 5});
  CHECK(bounding_box(mask, {0, 2, 9, 5}) == Box{3, 5, 1, 1});
  CHECK(grown({3, 1, 6, 5}, 2, {0, 0, 9, 7}) == Box{1, 0, 8, 7});
}

}  // namespace
}  // namespace zimage

#include "image/crop.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "image/canvas.h"
#include "image/mask_parts.h"
#include "support/catch.h"
#include "support/samples.h"

namespace zimage {
namespace {

void paint(Mask& mask, const Box& box) {
  for (int y = box.y; y < box.y + box.height; ++y) {
    for (int x = box.x; x < box.x + box.width; ++x) mask.repaint[mask.index(x, y)] = 1;
  }
}

bool holds(const WorkingRegion& region, const Box& box) {
  return box.x >= region.x && box.y >= region.y && box.x + box.width <= region.x + region.width &&
         box.y + box.height <= region.y + region.height;
}

bool apart(const WorkingRegion& a, const WorkingRegion& b) {
  return a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
}

TEST_CASE("regions hold the whole mask, lie in the picture, don't overlap, and fit the model") {
  std::mt19937 random(29);
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 120; ++round) {
    Mask mask(1 + upto(700), 1 + upto(500));
    std::vector<Box> boxes;
    for (int k = 0; k <= upto(6); ++k) {
      const int x = upto(mask.width);
      const int y = upto(mask.height);
      boxes.push_back({x, y, 1 + upto(std::min(mask.width - x, 90)), 1 + upto(std::min(mask.height - y, 60))});
      paint(mask, boxes.back());
    }
    CropOptions options;
    options.area = 16384;
    options.feather = upto(20);
    options.padding = round % 3 == 0 ? upto(40) : -1;
    options.max_side = round % 4 == 0 ? 256 : 0;
    options.single = round % 5 == 0;
    const auto regions = crop_regions(mask, options);
    CAPTURE(round, mask.width, mask.height, options.feather, options.padding, options.max_side);
    REQUIRE(!regions.empty());
    if (options.single) CHECK(regions.size() == 1);
    for (const Box& box : boxes) {
      REQUIRE(std::any_of(regions.begin(), regions.end(), [&](const auto& r) { return holds(r, box); }));
    }
    for (std::size_t i = 0; i < regions.size(); ++i) {
      const WorkingRegion& r = regions[i];
      CAPTURE(r.x, r.y, r.width, r.height, r.working_width, r.working_height);
      REQUIRE(holds({0, 0, mask.width, mask.height, 0, 0}, box_of(r)));
      REQUIRE((r.working_width % 16 == 0 && r.working_height % 16 == 0));
      REQUIRE((r.working_width > 0 && r.working_height > 0));
      if (options.max_side > 0) REQUIRE(std::max(r.working_width, r.working_height) <= options.max_side);
      // The working size is at most twice as large, except for the rounding to 16.
      REQUIRE(r.working_width < 2 * r.width + 16);
      REQUIRE(r.working_height < 2 * r.height + 16);
      // The feather's band lies in the region, except beyond the picture.
      const Box inside = bounding_box(mask, box_of(r));
      REQUIRE(holds(r, grown(inside, options.feather, {0, 0, mask.width, mask.height})));
      for (std::size_t j = i + 1; j < regions.size(); ++j) REQUIRE(apart(r, regions[j]));
    }
  }
}

TEST_CASE("the working area is the requested one if the picture is large enough") {
  for (const int side : {40, 300, 1200, 2500}) {
    const WorkingRegion r = crop_around({1700, 1200, side, side / 2}, 6000, 4000, {});
    CAPTURE(side, r.width, r.height, r.working_width, r.working_height);
    CHECK(r.working_width * r.working_height == Approx(1e6).epsilon(0.6));
    const double across = static_cast<double>(r.working_width) / r.width;
    const double down = static_cast<double>(r.working_height) / r.height;
    CHECK(across == Approx(down).epsilon(0.02));
    CHECK(across < kMaxUpscale * 1.01);
  }
}

TEST_CASE("near the picture's own scale nothing is resampled") {
  const WorkingRegion r = crop_around({900, 700, 500, 480}, 4000, 3000, {});
  CHECK_FALSE(r.resized());
  CHECK(r.width % 16 == 0);
}

TEST_CASE("a picture of about the working area is processed whole") {
  Mask mask(1200, 900);
  paint(mask, {10, 10, 30, 30});
  const auto regions = crop_regions(mask, {});
  REQUIRE(regions.size() == 1);
  CHECK(box_of(regions[0]) == Box{0, 0, 1200, 900});
  CHECK(regions[0].working_width == 1200);
  CHECK(regions[0].working_height == 896);
}

TEST_CASE("parts far apart are processed one by one, parts nearby together") {
  Mask mask(6000, 4000);
  paint(mask, {100, 100, 60, 60});
  paint(mask, {5700, 3700, 60, 60});
  paint(mask, {5500, 3600, 60, 60});
  const auto regions = crop_regions(mask, {});
  REQUIRE(regions.size() == 2);
  CHECK(holds(regions[0], {100, 100, 60, 60}));
  CHECK(holds(regions[1], {5500, 3600, 260, 160}));
  CropOptions single;
  single.single = true;
  CHECK(crop_regions(mask, single).size() == 1);
}

TEST_CASE("a mask of scattered pixels gives only a few regions") {
  std::mt19937 random(31);
  Mask mask(3000, 2000);
  for (int k = 0; k < 4000; ++k) mask.repaint[random() % mask.repaint.size()] = 1;
  CropOptions options;
  options.area = 16384;
  const auto regions = crop_regions(mask, options);
  CHECK(regions.size() <= static_cast<std::size_t>(kMaxRegions));
}

TEST_CASE("the parts of a mask are the boxes of pixels that lie together") {
  Mask mask(320, 320);
  CHECK(mask_parts(mask).empty());
  paint(mask, {5, 5, 10, 3});
  paint(mask, {16, 9, 2, 2});
  paint(mask, {200, 300, 7, 9});
  const auto parts = mask_parts(mask);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0] == Box{5, 5, 13, 6});
  CHECK(parts[1] == Box{200, 300, 7, 9});
}

TEST_CASE("a grown canvas holds the picture as it was and repaints the rest") {
  Image picture(3, 2, 2);
  test::fill(picture, {10, 0, 20, 100, 30, 255, 40, 1, 50, 2, 60, 3});
  const Borders borders{2, 1, 5, 0};
  const Image canvas = grow_canvas(picture, borders);
  REQUIRE((canvas.width == 10 && canvas.height == 3));
  CHECK(crop_image(canvas, {2, 1, 3, 2}).samples == picture.samples);
  CHECK(canvas.samples[canvas.index(1, 1)] == 10);
  CHECK(canvas.samples[canvas.index(0, 1)] == 20);
  CHECK(canvas.samples[canvas.index(9, 2)] == 50);
  CHECK(canvas.samples[canvas.index(2, 0)] == 10);
  CHECK(canvas.samples[canvas.index(0, 0, 1)] == 255);
  Mask mask(3, 2);
  mask.repaint[4] = 1;
  const Mask grown_mask = grow_canvas(mask, borders);
  CHECK(grown_mask.count() == 10 * 3 - 3 * 2 + 1);
  CHECK(grown_mask.repaint[grown_mask.index(3, 2)] == 1);
  CHECK(grown_mask.repaint[grown_mask.index(2, 1)] == 0);
}

}  // namespace
}  // namespace zimage

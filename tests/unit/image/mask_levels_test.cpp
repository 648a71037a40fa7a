#include "image/mask_levels.h"

#include <cstdlib>
#include <random>

#include "support/catch.h"
#include "support/samples.h"

namespace zimage {
namespace {

/// A grey image with so many pixels of each value.
Image greys(const std::vector<std::pair<std::uint16_t, int>>& parts, int depth = 8) {
  std::vector<std::uint16_t> samples;
  for (const auto& [value, count] : parts) samples.insert(samples.end(), static_cast<std::size_t>(count), value);
  Image image(static_cast<int>(samples.size()), 1, 1, depth);
  test::fill(image, std::move(samples));
  return image;
}

/// Checks a threshold by what it does: it repaints something and not everything.
void check_useful(const Image& image, bool invert = false) {
  const MaskLevels levels = MaskLevels::of_image(image);
  const auto threshold = useful_threshold(invert ? levels.inverted() : levels);
  REQUIRE(threshold.has_value());
  CAPTURE(*threshold);
  const Mask mask = mask_from_image(image, MaskReading{std::strtod(threshold->c_str(), nullptr), invert, false});
  CHECK_FALSE(mask.none());
  CHECK_FALSE(mask.all());
}

TEST_CASE("a useful threshold is short, and repaints something but not everything") {
  CHECK(useful_threshold(MaskLevels::of_image(greys({{0, 9}, {1, 3}}))) == "0.003");
  CHECK(useful_threshold(MaskLevels::of_image(greys({{0, 9}, {1, 3}}, 16))) == "0.00001");
  CHECK(useful_threshold(MaskLevels::of_image(greys({{0, 9}, {127, 3}}))) == "0.4");
  CHECK(useful_threshold(MaskLevels::of_image(greys({{0, 9}, {51, 3}}))) == "0.1");
  CHECK_FALSE(useful_threshold(MaskLevels::of_image(greys({{0, 9}}))).has_value());
  CHECK_FALSE(useful_threshold(MaskLevels::of_image(greys({{90, 9}}))).has_value());
}

TEST_CASE("a useful threshold holds for every pair of neighbouring values, inverted or not") {
  for (std::uint16_t value = 0; value < 255; ++value) {
    const auto next = static_cast<std::uint16_t>(value + 1);
    check_useful(greys({{value, 2}, {next, 2}}));
    check_useful(greys({{value, 2}, {next, 2}}), /*invert=*/true);
  }
  for (std::uint16_t value = 0; value < 65000; value = static_cast<std::uint16_t>(value + 613)) {
    check_useful(greys({{value, 2}, {static_cast<std::uint16_t>(value + 1), 2}}, 16));
  }
}

TEST_CASE("of many values those nearer to the brightest are repainted") {
  std::vector<std::pair<std::uint16_t, int>> noisy{{100, 50}};
  for (std::uint16_t value = 0; value < 60; ++value) noisy.emplace_back(value, 3);
  const Image image = greys(noisy);
  const auto threshold = useful_threshold(MaskLevels::of_image(image));
  REQUIRE(threshold.has_value());
  const Mask mask = mask_from_image(image, MaskReading{std::strtod(threshold->c_str(), nullptr), false, false});
  CHECK(mask.count() == 50 + 9 * 3);  // 51 to 59 are above the middle
}

TEST_CASE("a flat part below the threshold is found, and edges that fade out aren't") {
  const auto labels = faint_part(MaskLevels::of_image(greys({{0, 1000}, {38, 200}, {200, 300}})), 0.5);
  REQUIRE(labels.has_value());
  CHECK(labels->pixels == 200);
  CHECK(labels->step == 38 * 257);
  CHECK(labels->threshold == "0.1");
  std::vector<std::pair<std::uint16_t, int>> blurred{{0, 1000}, {255, 300}};
  for (std::uint16_t value = 1; value < 255; ++value) blurred.emplace_back(value, 4);
  CHECK_FALSE(faint_part(MaskLevels::of_image(greys(blurred)), 0.5).has_value());
  std::vector<std::pair<std::uint16_t, int>> tail{{0, 1000}, {255, 300}};
  for (std::uint16_t value = 1; value < 255; ++value) tail.emplace_back(value, 1 + 200 / value);
  CHECK_FALSE(faint_part(MaskLevels::of_image(greys(tail)), 0.5).has_value());
  tail.emplace_back(90, 200);
  const auto part = faint_part(MaskLevels::of_image(greys(tail)), 0.5);
  REQUIRE(part.has_value());
  CHECK(part->step == 90 * 257);
  CHECK_FALSE(faint_part(MaskLevels::of_image(greys({{0, 1000}, {255, 300}})), 0.5).has_value());
  CHECK_FALSE(faint_part(MaskLevels::of_image(greys({{0, 1000}, {38, 40}, {255, 100}})), 0.5).has_value());
  CHECK_FALSE(faint_part(MaskLevels::of_image(greys({{0, 1000}, {38, 200}})), 0.5).has_value());  // an error anyway
}

TEST_CASE("the transparency of a picture counts like a mask") {
  Image picture(4, 1, 2);
  test::fill(picture, {9, 255, 9, 255, 9, 200, 9, 0});
  const MaskLevels levels = MaskLevels::of_alpha(picture);
  CHECK(levels.darkest() == 0);
  CHECK(levels.brightest() == MaskLevels::kFull);
  CHECK(levels.count(55 * 257) == 1);
  CHECK(levels.pixels() == 4);
}

TEST_CASE("photographs are told from masks") {
  std::mt19937 random(3);
  Image photograph(64, 64, 3);
  for (std::size_t i = 0; i < photograph.samples.size(); ++i) {
    photograph.samples.set(i, static_cast<std::uint16_t>(60 + random() % 140));
  }
  CHECK(has_values_of_a_photograph(MaskLevels::of_image(photograph)));
  CHECK(has_colors_of_a_photograph(photograph));
  // A mask with wide soft edges has many values too, but most of it is black or white.
  std::vector<std::pair<std::uint16_t, int>> soft{{0, 2000}, {255, 800}};
  for (std::uint16_t value = 1; value < 255; ++value) soft.emplace_back(value, 6);
  CHECK_FALSE(has_values_of_a_photograph(MaskLevels::of_image(greys(soft))));
  // Strokes of one colour on grey are no photograph.
  Image strokes(64, 64, 3);
  for (std::size_t i = 0; i < strokes.samples.size(); i += 3) {
    const bool red = i % 7 < 3;
    strokes.samples.set(i, red ? 255 : 128);
    strokes.samples.set(i + 1, red ? 0 : 128);
    strokes.samples.set(i + 2, red ? 0 : 128);
  }
  CHECK_FALSE(has_values_of_a_photograph(MaskLevels::of_image(strokes)));
  CHECK_FALSE(has_colors_of_a_photograph(strokes));
}

TEST_CASE("a label picks exactly its pixels") {
  MaskReading reading;
  reading.label = MaskColor{3, 3, 3};
  const std::vector<std::uint8_t> third{0, 0, 1, 0};
  CHECK(mask_from_image(greys({{0, 1}, {2, 1}, {3, 1}, {255, 1}}), reading).repaint == third);
  CHECK(mask_from_image(greys({{0, 1}, {2, 1}, {3, 1}, {771, 1}}, 16), reading).repaint == third);
  reading.invert = true;
  CHECK(mask_from_image(greys({{0, 1}, {3, 1}}), reading).repaint == std::vector<std::uint8_t>{1, 0});
  reading.invert = false;
  reading.soft = true;
  CHECK(mask_from_image(greys({{0, 1}, {3, 1}}), reading).level == std::vector<std::uint8_t>{0, 255});
  reading.soft = false;
  Image color(4, 1, 4);
  test::fill(color, {255, 0, 0, 255, 255, 0, 0, 0, 255, 0, 1, 255, 0, 0, 0, 255});
  reading.label = MaskColor{255, 0, 0};
  CHECK(mask_from_image(color, reading).repaint == std::vector<std::uint8_t>{1, 0, 0, 0});
  reading.label = MaskColor{0, 0, 0};
  CHECK(mask_from_image(color, reading).repaint == std::vector<std::uint8_t>{0, 1, 0, 1});  // transparent is black
  reading.label = MaskColor{255, 255, 255};
  CHECK(mask_from_alpha(color, reading).repaint == std::vector<std::uint8_t>{1, 0, 1, 1});
}

}  // namespace
}  // namespace zimage

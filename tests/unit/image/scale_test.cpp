#include "image/scale.h"

#include <cstdint>

#include "image/display.h"
#include "support/catch.h"
#include "support/samples.h"

namespace zimage {
namespace {

Image grey_line(std::vector<std::uint16_t> samples) {
  Image image(static_cast<int>(samples.size()), 1, 1);
  test::fill(image, std::move(samples));
  return image;
}

std::vector<int> samples_of(const Image& image) {
  std::vector<int> out;
  for (std::size_t i = 0; i < image.samples.size(); ++i) out.push_back(image.samples[i]);
  return out;
}

using Levels = std::vector<int>;

}  // namespace

TEST_CASE("enlarging is bilinear, with the border's pixels beyond it") {
  CHECK(samples_of(scale_image(grey_line({0, 100}), 4, 1)) == Levels{0, 25, 75, 100});
  CHECK(samples_of(scale_image(grey_line({0, 100}), 4, 2)) == Levels{0, 25, 75, 100, 0, 25, 75, 100});
}

TEST_CASE("shrinking by two weighs the four nearest pixels 1:3:3:1") {
  CHECK(samples_of(scale_image(grey_line({0, 0, 0, 160, 0, 0, 0, 0}), 4, 1)) == Levels{0, 60, 20, 0});
}

TEST_CASE("an image of one colour keeps it at any size, in every channel") {
  Image image(7, 5, 3);
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples.set(i, static_cast<std::uint16_t>(i % 3 * 90));
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(3, 11), std::pair(70, 2), std::pair(7, 5)}) {
    const Image scaled = scale_image(image, width, height);
    REQUIRE(scaled.width == width);
    REQUIRE(scaled.height == height);
    for (std::size_t i = 0; i < scaled.samples.size(); ++i) REQUIRE(scaled.samples[i] == i % 3 * 90);
  }
}

TEST_CASE("a size fits into a box in its shape") {
  const auto fits = [](int width, int height, bool enlarge) {
    const FittedSize size = fit_into(width, height, 640, 400, enlarge);
    return std::pair(size.width, size.height);
  };
  CHECK(fits(1280, 800, false) == std::pair(640, 400));
  CHECK(fits(4000, 3000, false) == std::pair(533, 400));
  CHECK(fits(64, 48, false) == std::pair(64, 48));
  CHECK(fits(64, 48, true) == std::pair(533, 400));
  CHECK(fits(100000, 1, false) == std::pair(640, 1));
}

TEST_CASE("an image for the screen has 8 bits and colours, and its transparency shows a checkerboard") {
  Image deep(3, 1, 2, 16);
  test::fill(deep, {65535, 65535, 32768, 0, 257, 65535});
  const Image color = to_8_bit_color(deep);
  CHECK(color.channels == 4);
  CHECK(samples_of(color) == Levels{255, 255, 255, 255, 128, 128, 128, 0, 1, 1, 1, 255});
  const Image flat = without_alpha(color);
  CHECK(flat.channels == 3);
  CHECK(samples_of(flat) == Levels{255, 255, 255, 204, 204, 204, 1, 1, 1});
}

}  // namespace zimage

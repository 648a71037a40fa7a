#include "image/scale.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "support/catch.h"
#include "support/samples.h"

namespace zimage {
namespace {

Image grey_line(std::vector<std::uint16_t> samples) {
  Image image(static_cast<int>(samples.size()), 1, 1);
  test::fill(image, std::move(samples));
  return image;
}

}  // namespace

TEST_CASE("a size fits into a box in its shape, and grows only where it may") {
  CHECK(fit_into(1280, 800, 640, 400) == FittedSize{640, 400});
  CHECK(fit_into(4000, 3000, 640, 400) == FittedSize{533, 400});
  CHECK(fit_into(3000, 4000, 640, 400) == FittedSize{300, 400});
  CHECK(fit_into(4000, 3000, 400, 400) == FittedSize{400, 300});
  CHECK(fit_into(64, 48, 640, 400) == FittedSize{64, 48});
  CHECK(fit_into(64, 48, 640, 400, true) == FittedSize{533, 400});
  CHECK(fit_into(100000, 1, 640, 400) == FittedSize{640, 1});
  CHECK(fit_into(3, 10000, 100, 100) == FittedSize{1, 100});
  CHECK(fit_into(64, 48, 0, 400) == FittedSize{1, 1});
}

TEST_CASE("a picture that keeps its size keeps its samples") {
  Image image(3, 2, 3);
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples.set(i, static_cast<std::uint16_t>(i * 13));
  CHECK(shrink(image, 3, 2).samples == image.samples);
  const Image deep = shrink(image, 3, 2, 16);
  CHECK(deep.samples[4] == 4 * 13 * 257);
  CHECK(shrink(deep, 3, 2).samples == image.samples);
}

TEST_CASE("pixels are averaged in linear light") {
  Image image(2, 2, 1);  // black and white in equal parts are half the light, which is sRGB's 188
  image.samples.set(0, 255);
  image.samples.set(3, 255);
  CHECK(shrink(image, 1, 1).samples[0] == 188);
  Image grey(7, 5, 3);
  for (std::size_t i = 0; i < grey.samples.size(); ++i) grey.samples.set(i, 90);
  const Image small = shrink(grey, 3, 2);
  for (std::size_t i = 0; i < small.samples.size(); ++i) CHECK(small.samples[i] == 90);
}

TEST_CASE("a pixel counts by the share of its area that is covered") {
  Image image(3, 1, 1);  // each of two pixels covers one and a half
  image.samples.set(0, 255);
  image.samples.set(1, 255);
  const Image small = shrink(image, 2, 1);
  CHECK(small.samples[0] == 255);
  CHECK(small.samples[1] == std::lround(255 * (1.055 * std::pow(1.0 / 3, 1 / 2.4) - 0.055)));
}

TEST_CASE("transparent pixels give no colour") {
  Image image(2, 1, 4);
  const int samples[] = {200, 10, 10, 255, 0, 255, 0, 0};
  for (std::size_t i = 0; i < 8; ++i) image.samples.set(i, static_cast<std::uint16_t>(samples[i]));
  const Image small = shrink(image, 1, 1);
  CHECK(small.samples[0] == 200);
  CHECK(small.samples[1] == 10);
  CHECK(small.samples[3] == 128);
}

TEST_CASE("no bright pixel is lost where the brightest counts") {
  for (int at = 0; at < 101; ++at) {
    Image image(101, 3, 1);
    image.samples.set(image.index(at, at % 3), 77);
    const Image small = shrink_to_brightest(image, 10, 1);
    int found = 0;
    for (std::size_t i = 0; i < small.samples.size(); ++i) found += small.samples[i];
    CHECK(found == 77);
  }
}

TEST_CASE("enlarging is bilinear, with the border's pixels beyond it") {
  CHECK(test::values(enlarge(grey_line({0, 100}), 4, 1)) == test::Values{0, 25, 75, 100});
  CHECK(test::values(enlarge(grey_line({0, 100}), 4, 2)) == test::Values{0, 25, 75, 100, 0, 25, 75, 100});
  CHECK(test::values(enlarge(grey_line({7, 50, 9}), 3, 1)) == test::Values{7, 50, 9});
}

TEST_CASE("a picture of one colour keeps it at any size, in every channel") {
  Image image(7, 5, 3);
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples.set(i, static_cast<std::uint16_t>(i % 3 * 90));
  const auto check = [](const Image& scaled, int width, int height) {
    REQUIRE(scaled.width == width);
    REQUIRE(scaled.height == height);
    for (std::size_t i = 0; i < scaled.samples.size(); ++i) REQUIRE(scaled.samples[i] == i % 3 * 90);
  };
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(3, 4), std::pair(7, 2), std::pair(7, 5)}) {
    check(shrink(image, width, height), width, height);
  }
  for (const auto& [width, height] : {std::pair(7, 11), std::pair(70, 5), std::pair(16, 9), std::pair(7, 5)}) {
    check(enlarge(image, width, height), width, height);
  }
}

}  // namespace zimage

#include "image/shrink.h"

#include <cmath>

#include "support/catch.h"

namespace {

using namespace zimage;

TEST_CASE("a picture is fitted into a square with its aspect, and never enlarged") {
  CHECK(sides_within(4000, 3000, 400) == PictureSides{400, 300});
  CHECK(sides_within(3000, 4000, 400) == PictureSides{300, 400});
  CHECK(sides_within(64, 48, 400) == PictureSides{64, 48});
  CHECK(sides_within(10000, 3, 100) == PictureSides{100, 1});
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

}  // namespace

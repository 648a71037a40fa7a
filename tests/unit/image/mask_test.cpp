#include "image/mask.h"
#include "image/luminance.h"

#include <random>

#include "support/catch.h"
#include "support/samples.h"
#include "zimage/error.h"

namespace zimage {
namespace {

Image grey(std::vector<std::uint16_t> samples, int depth = 8) {
  Image image(static_cast<int>(samples.size()), 1, 1, depth);
  test::fill(image, std::move(samples));
  return image;
}

using Bits = std::vector<std::uint8_t>;

TEST_CASE("values from the threshold up to white repaint") {
  CHECK(mask_from_image(grey({0, 127, 128, 255}), MaskReading{0.5, false, false}).repaint == Bits{0, 0, 1, 1});
  CHECK(mask_from_image(grey({0, 51, 50, 255}), MaskReading{0.2, false, false}).repaint == Bits{0, 1, 0, 1});
  CHECK(mask_from_image(grey({0, 32767, 32768, 65535}, 16), MaskReading{0.5, false, false}).repaint ==
        Bits{0, 0, 1, 1});
  CHECK(mask_from_image(grey({0, 1, 255}), MaskReading{1.0, false, false}).repaint == Bits{0, 0, 1});
}

TEST_CASE("in an inverted mask black repaints") {
  CHECK(mask_from_image(grey({0, 127, 128, 255}), MaskReading{0.5, true, false}).repaint == Bits{1, 1, 0, 0});
}

TEST_CASE("colour counts by its luminance, and transparent pixels don't repaint") {
  Image rgb(3, 1, 3);
  test::fill(rgb, {255, 0, 0, 0, 255, 0, 200, 200, 200});
  CHECK(mask_from_image(rgb, MaskReading{0.5, false, false}).repaint == Bits{0, 1, 1});
  Image rgba(2, 1, 4);
  test::fill(rgba, {255, 255, 255, 255, 255, 255, 255, 0});
  CHECK(mask_from_image(rgba, MaskReading{0.5, false, false}).repaint == Bits{1, 0});
}

TEST_CASE("luminance of grey is grey at both depths") {
  for (const int level : {0, 1, 77, 254, 255, 256, 40000, 65535}) {
    const auto v = static_cast<std::uint16_t>(level);
    CHECK(luminance(v, v, v) == v);
  }
}

TEST_CASE("a mask of many pixels is read like each of them alone") {
  const int channels = GENERATE(1, 2, 3, 4);
  const int depth = GENERATE(8, 16);
  const bool soft = GENERATE(false, true);
  const bool invert = GENERATE(false, true);
  CAPTURE(channels, depth, soft, invert);
  // The picture has stretches of one colour with many lengths, and some where every pixel has its own.
  Image image(67, 61, channels, depth);
  std::mt19937 random(5);
  std::vector<std::uint16_t> colour(static_cast<std::size_t>(channels));
  int left = 0;
  for (int i = 0; i < image.width * image.height; ++i, --left) {
    if (left <= 0) {
      left = random() % 3 == 0 ? 1 : static_cast<int>(random() % 900);
      const unsigned kind = random() % 3;  // black, white, any
      for (auto& value : colour) {
        const auto any = static_cast<std::uint16_t>(random() % 256);
        value = kind == 0 ? std::uint16_t{0} : kind == 1 ? image.max_value() : any;
      }
    }
    for (int c = 0; c < channels; ++c) image.samples.set(image.index(i, 0, c), colour[static_cast<std::size_t>(c)]);
  }
  const MaskReading reading{soft ? 0.0 : 0.5, invert, soft};
  const Mask mask = mask_from_image(image, reading);
  Image single(1, 1, channels, depth);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) {
    for (int c = 0; c < channels; ++c) single.samples.set(static_cast<std::size_t>(c), image.samples[i * channels + c]);
    const Mask expected = mask_from_image(single, reading);
    if (mask.repaint[i] != expected.repaint[0] || (soft && mask.level[i] != expected.level[0])) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK_FALSE(mask.none());
  CHECK_FALSE(mask.all());
}

TEST_CASE("in a mask from alpha transparent pixels repaint") {
  Image picture(3, 1, 2);
  test::fill(picture, {9, 255, 9, 127, 9, 0});
  CHECK(mask_from_alpha(picture, MaskReading{0.5, false, false}).repaint == Bits{0, 1, 1});
  CHECK(mask_from_alpha(picture, MaskReading{0.5, true, false}).repaint == Bits{1, 0, 0});
  CHECK_THROWS_AS(mask_from_alpha(grey({1, 2}), MaskReading{0.5, false, false}), Error);
}

TEST_CASE("a single pixel of the other kind is found wherever it is") {
  constexpr int kWidth = 50;
  constexpr int kHeight = 200;  // more than two of the pieces that are tested together
  const std::size_t pixels = std::size_t{kWidth} * kHeight;
  CHECK(Mask(kWidth, kHeight).none());
  CHECK_FALSE(Mask(kWidth, kHeight).all());
  for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, pixels - 1}) {
    CAPTURE(at);
    Mask mask(kWidth, kHeight);
    mask.repaint[at] = 1;
    CHECK_FALSE(mask.none());
    CHECK_FALSE(mask.all());
    for (auto& value : mask.repaint) value = 1;
    CHECK(mask.all());
    CHECK_FALSE(mask.none());
    mask.repaint[at] = 0;
    CHECK_FALSE(mask.all());
    CHECK_FALSE(mask.none());
  }
}

TEST_CASE("a mask as a picture") {
  Mask mask(2, 1);
  mask.repaint[1] = 1;
  CHECK(test::values(mask_to_image(mask)) == test::Values{0, 255});
  CHECK(mask.count() == 1);
}

}  // namespace
}  // namespace zimage

#include "conditioning/mask.h"

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

TEST_CASE("white repaints, from the threshold on") {
  CHECK(test::bytes(mask_from_image(grey({0, 127, 128, 255}), 0.5, false).repaint) == Bits{0, 0, 1, 1});
  CHECK(test::bytes(mask_from_image(grey({0, 51, 50, 255}), 0.2, false).repaint) == Bits{0, 1, 0, 1});
  CHECK(test::bytes(mask_from_image(grey({0, 32767, 32768, 65535}, 16), 0.5, false).repaint) == Bits{0, 0, 1, 1});
  CHECK(test::bytes(mask_from_image(grey({0, 1, 255}), 1.0, false).repaint) == Bits{0, 0, 1});
}

TEST_CASE("inverted, black repaints") {
  CHECK(test::bytes(mask_from_image(grey({0, 127, 128, 255}), 0.5, true).repaint) == Bits{1, 1, 0, 0});
}

TEST_CASE("colour counts by luminance, and what is transparent doesn't repaint") {
  Image rgb(3, 1, 3);
  test::fill(rgb, {255, 0, 0, 0, 255, 0, 200, 200, 200});
  CHECK(test::bytes(mask_from_image(rgb, 0.5, false).repaint) == Bits{0, 1, 1});
  Image rgba(2, 1, 4);
  test::fill(rgba, {255, 255, 255, 255, 255, 255, 255, 0});
  CHECK(test::bytes(mask_from_image(rgba, 0.5, false).repaint) == Bits{1, 0});
}

TEST_CASE("luminance of grey is grey at both depths") {
  for (const int level : {0, 1, 77, 254, 255, 256, 40000, 65535}) {
    const auto v = static_cast<std::uint16_t>(level);
    CHECK(luminance(v, v, v) == v);
  }
}

TEST_CASE("alpha: transparent repaints") {
  Image picture(3, 1, 2);
  test::fill(picture, {9, 255, 9, 127, 9, 0});
  CHECK(test::bytes(mask_from_alpha(picture, 0.5, false).repaint) == Bits{0, 1, 1});
  CHECK(test::bytes(mask_from_alpha(picture, 0.5, true).repaint) == Bits{1, 0, 0});
  CHECK_THROWS_AS(mask_from_alpha(grey({1, 2}), 0.5, false), Error);
}

TEST_CASE("a mask with one pixel of the other kind, wherever it is") {
  constexpr int kWidth = 50;
  constexpr int kHeight = 200;  // more than two of the pieces that are looked at together
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

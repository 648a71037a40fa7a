// JPEG to JPEG with a source that isn't upright: its coefficients are rotated.
#include <algorithm>
#include <cstdlib>
#include <random>

#include "codecs/image_file.h"
#include "image/orientation.h"
#include "support/catch.h"
#include "unit/codecs/jpeg_reach.h"
#include "unit/codecs/splice_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

/// Returns whether the MCUs at the left and the top stay full ones.
bool turns_exactly(const JpegContent& content, Size stored, int orientation) {
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  return !(from_right && stored.width % (8 * content.max_h) != 0) &&
         !(from_bottom && stored.height % (8 * content.max_v) != 0);
}

/// Returns whether TurboJPEG has a name for the subsampling: it rotates no other.
bool has_a_name(const JpegRecipe& recipe) {
  return recipe.name != "4:1:0" && recipe.name != "Cb unlike Cr" && recipe.name != "more blocks than a MCU takes";
}

}  // namespace

TEST_CASE("jpeg: a source that isn't upright is rotated without loss if its sides allow it", "[codecs]") {
  const Silence silence;
  std::mt19937 random(11);
  int rotated = 0;
  int encoded = 0;
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    for (const Size stored : {Size{96, 96}, Size{96, 90}, Size{90, 96}}) {
      for (int orientation = 2; orientation <= 8; ++orientation) {
        INFO(recipe.name << ", " << stored.width << "x" << stored.height << ", orientation " << orientation);
        const Bytes source = sample(recipe, stored, 3);
        const JpegContent content = content_of(source);
        const Image before = upright(decoded(source), orientation);
        const Mask mask = random_mask(before.width, before.height, random);
        const Image picture = changed_picture(before, mask);
        bool kept = false;
        const Bytes out = encode_like(picture, source, &mask, orientation, &kept);
        CHECK(kept == (turns_exactly(content, stored, orientation) && has_a_name(recipe)));
        if (kept) {
          ++rotated;
          const Mask beyond = jpeg_changed_pixels(out, mask);
          const Image after = decoded(out);
          int largest = 0;
          for (std::size_t i = 0; i < after.samples.size(); ++i) {
            if (beyond.repaint[i / static_cast<std::size_t>(after.channels)] != 0) continue;
            largest = std::max(largest, std::abs(after.samples[i] - before.samples[i]));
          }
          // One level of luma and of both chromas is up to 2.8 levels of blue.
          CHECK(largest <= 3);
          CHECK(content_of(out).planes[0].quantisation[1] == content.planes[0].quantisation[orientation >= 5 ? 8 : 1]);
        } else {
          ++encoded;
          CHECK(encode_like(picture, source, nullptr) == out);
        }
      }
    }
  }
  CHECK(rotated > encoded / 2);
  CHECK(encoded > 0);
}

TEST_CASE("jpeg: the resolution is rotated with the picture, without loss or not", "[codecs]") {
  const Silence silence;
  // JFIF has the marker, its length, "JFIF" and the version, then the unit and two bytes each for x and y.
  constexpr std::size_t kUnit = 13;
  const auto density = [](const Bytes& file) { return Bytes(file.begin() + kUnit, file.begin() + kUnit + 5); };
  for (const int height : {64, 60}) {  // 60 leaves partial blocks, so a quarter turn loses something
    Bytes source = sample(jpeg_recipes().front(), {64, height}, 3);
    std::copy_n(Bytes{1, 0, 200, 0, 100}.begin(), 5, source.begin() + kUnit);
    for (const int orientation : {1, 3, 6}) {
      const Image picture = upright(decoded(source), orientation);
      Mask mask(picture.width, picture.height);
      mask.repaint[5] = 1;
      bool kept = false;
      const Bytes out = encode_like(picture, source, &mask, orientation, &kept);
      CHECK(kept == (height == 64 || orientation == 1));
      CHECK(density(out) == (orientation == 6 ? Bytes{1, 0, 100, 0, 200} : Bytes{1, 0, 200, 0, 100}));
    }
  }
}

TEST_CASE("jpeg: a progressive source that lacks scans isn't rotated", "[codecs]") {
  const Silence silence;
  JpegRecipe recipe = jpeg_recipes().front();
  recipe.progressive = true;
  for (const int scans : {0, 4}) {
    recipe.progressive_scans = scans;
    const Bytes source = sample(recipe, {64, 64}, 3);
    Mask mask(64, 64);
    mask.repaint[5] = 1;
    const Image picture = upright(decoded(source), 6);
    bool kept = false;
    encode_like(picture, source, &mask, 6, &kept);
    CHECK(kept == (scans == 0));
  }
}

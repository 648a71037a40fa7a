// JPEG to JPEG where the source lies otherwise: its coefficients are rotated upright.
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

/// Whether MCUs that are full stay at the left and the top.
bool turns_exactly(const JpegContent& content, Size stored, int orientation) {
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  return !(from_right && stored.width % (8 * content.max_h) != 0) &&
         !(from_bottom && stored.height % (8 * content.max_v) != 0);
}

/// Whether TurboJPEG has a name for the subsampling: what it can't name it doesn't rotate.
bool has_a_name(const JpegRecipe& recipe) {
  return recipe.name != "4:1:0" && recipe.name != "Cb unlike Cr" && recipe.name != "more blocks than a MCU takes";
}

}  // namespace

TEST_CASE("jpeg: a source that lies otherwise is turned without loss where its sides allow it", "[io]") {
  const Silence silence;
  std::mt19937 random(11);
  int turned = 0;
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
        codecs::EncodeOptions options = like(source, &mask);
        options.jpeg_origin = codecs::open_jpeg_origin(source, orientation);
        options.jpeg_kept = &kept;
        const Bytes out = codecs::encode_image(picture, options);
        CHECK(kept == (turns_exactly(content, stored, orientation) && has_a_name(recipe)));
        if (kept) {
          ++turned;
          const Mask beyond = jpeg_changed_pixels(out, mask);
          const Image after = decoded(out);
          int largest = 0;
          for (std::size_t i = 0; i < after.samples.size(); ++i) {
            if (beyond.repaint[i / static_cast<std::size_t>(after.channels)] != 0) continue;
            largest = std::max(largest, std::abs(after.samples[i] - before.samples[i]));
          }
          // A level of luma and of both chromas, which is up to 2.8 levels of blue.
          CHECK(largest <= 3);
          CHECK(content_of(out).planes[0].quantisation[1] == content.planes[0].quantisation[orientation >= 5 ? 8 : 1]);
        } else {
          ++encoded;
          codecs::EncodeOptions whole = like(source, nullptr);
          CHECK(codecs::encode_image(picture, whole) == out);
        }
      }
    }
  }
  CHECK(turned > encoded / 2);
  CHECK(encoded > 0);
}

TEST_CASE("jpeg: the resolution turns with the picture", "[io]") {
  Bytes source = sample(jpeg_recipes().front(), {64, 64}, 3);
  // JFIF: the marker, its length, "JFIF", the version; then the unit and two bytes for each of x and y.
  constexpr std::size_t kUnit = 13;
  const auto density = [](const Bytes& file) { return Bytes(file.begin() + kUnit, file.begin() + kUnit + 5); };
  std::copy_n(Bytes{1, 0, 200, 0, 100}.begin(), 5, source.begin() + kUnit);
  Mask mask(64, 64);
  mask.repaint[5] = 1;
  for (const int orientation : {1, 3, 6}) {
    codecs::EncodeOptions options = like(source, &mask);
    options.jpeg_origin = codecs::open_jpeg_origin(source, orientation);
    const Bytes out = codecs::encode_image(upright(decoded(source), orientation), options);
    CHECK(density(out) == (orientation == 6 ? Bytes{1, 0, 100, 0, 200} : Bytes{1, 0, 200, 0, 100}));
  }
}

TEST_CASE("jpeg: a progressive source that lacks scans isn't turned", "[io]") {
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
    codecs::EncodeOptions options = like(source, &mask);
    options.jpeg_origin = codecs::open_jpeg_origin(source, 6);
    options.jpeg_kept = &kept;
    codecs::encode_image(picture, options);
    CHECK(kept == (scans == 0));
  }
}

// Some rows of a JPEG, and a JPEG read ahead: the same as all of it at once.
#include <algorithm>

#include "codecs/image_file.h"
#include "codecs/jpeg/jpeg_ahead.h"
#include "support/catch.h"
#include "unit/codecs/jpeg_samples.h"
#include "zimage/error.h"

using namespace zimage;
using namespace zimage::test;

namespace {

Bytes sample(const JpegRecipe& recipe, int width, int height) {
  return jpeg(textured_image(width, height, static_cast<int>(recipe.sampling.size()), 3), recipe);
}

Image cut(const Image& image, int x, int y, int width, int height) {
  Image out(width, height, image.channels);
  for (int row = 0; row < height; ++row) {
    std::copy_n(image.samples.address(image.index(x, y + row)), out.index(0, 1),
                out.samples.address(out.index(0, row)));
  }
  return out;
}

/// The rows that decode_jpeg_part() shows, put together.
Image part_of(const Bytes& file, int x, int y, int width, int height) {
  Image out;
  int next = y;
  codecs::decode_jpeg_part(file, "x", x, y, width, height, [&](const Image& rows, int top) {
    if (out.empty()) out = Image(width, height, rows.channels);
    REQUIRE(top == next);
    REQUIRE(rows.width == width);
    REQUIRE(rows.height <= 32);
    std::copy_n(rows.samples.bytes(), rows.samples.size(), out.samples.address(out.index(0, top - y)));
    next += rows.height;
  });
  REQUIRE(next == y + height);
  return out;
}

}  // namespace

TEST_CASE("jpeg: rows decode as they do within the whole picture", "[io]") {
  constexpr int kHeight = 230;
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    const Bytes file = sample(recipe, 45, kHeight);
    const Image whole = codecs::decode_image(file, "x").image;
    for (const int first : {0, 1, 7, 8, 15, 16, 17, 31, 33, 64, 100, 161, 229}) {
      for (const int count : {1, 16, 50, kHeight - first}) {
        if (first + count > kHeight) continue;
        INFO(recipe.name << ", " << count << " rows from " << first);
        const Image rows = part_of(file, 0, first, 45, count);
        CHECK(rows.samples == cut(whole, 0, first, 45, count).samples);
      }
    }
  }
}

TEST_CASE("jpeg: a part decodes as it does within the whole picture", "[io]") {
  constexpr int kWidth = 531;
  constexpr int kHeight = 90;
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    const Bytes file = sample(recipe, kWidth, kHeight);
    const Image whole = codecs::decode_image(file, "x").image;
    for (const int x : {0, 1, 15, 64, 65, 80, 127, 200, 333, 466, 467, 530}) {
      for (const int width : {1, 17, 64, 190, kWidth - x}) {
        for (const int y : {0, 16, 41}) {
          if (x + width > kWidth) continue;
          INFO(recipe.name << ", " << width << " columns from " << x << " in rows from " << y);
          const Image part = part_of(file, x, y, width, 30);
          CHECK(part.samples == cut(whole, x, y, width, 30).samples);
        }
      }
    }
  }
}

TEST_CASE("jpeg: read ahead or when it is needed, the file is the same", "[io]") {
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    INFO(recipe.name);
    const Bytes source = sample(recipe, 50, 70);
    Image picture = codecs::decode_image(source, "x").image;
    Mask mask(50, 70);
    mask.repaint[mask.index(20, 30)] = 1;
    picture.samples.set(picture.index(20, 30), 0);
    codecs::EncodeOptions options;
    options.format = codecs::ImageFormat::kJpeg;
    options.jpeg_source = &source;
    options.jpeg_changed = &mask;
    bool kept = false;
    options.jpeg_kept = &kept;
    const Bytes now = codecs::encode_image(picture, options);
    const bool kept_now = kept;
    codecs::JpegAhead ahead(source);
    options.jpeg_ahead = &ahead;
    CHECK((codecs::encode_image(picture, options) == now));
    CHECK(kept == kept_now);
    CHECK((codecs::encode_image(picture, options) == now));  // it is gone, and read again
    options.jpeg_changed = nullptr;
    codecs::encode_image(picture, options);
    CHECK_FALSE(kept);
  }
}

TEST_CASE("jpeg: a damaged source read ahead is refused as ever", "[io]") {
  Bytes source = sample(jpeg_recipes().front(), 50, 70);
  const Image picture = codecs::decode_image(source, "x").image;
  source.resize(source.size() / 2);
  const Mask mask(50, 70);
  codecs::JpegAhead ahead(source);
  codecs::EncodeOptions options;
  options.format = codecs::ImageFormat::kJpeg;
  options.jpeg_source = &source;
  options.jpeg_changed = &mask;
  options.jpeg_ahead = &ahead;
  CHECK_THROWS_AS(codecs::encode_image(picture, options), Error);
}

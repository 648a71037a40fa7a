// Tests a JPEG's metadata, and the settings that a new JPEG takes over from its source.
#include <algorithm>
#include <cstdlib>

#include "codecs/image_file.h"
#include "image/canvas.h"
#include "support/catch.h"
#include "unit/codecs/jpeg_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

codecs::EncodeOptions as_jpeg() {
  codecs::EncodeOptions options;
  options.format = codecs::ImageFormat::kJpeg;
  return options;
}

Bytes counting(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return out;
}

codecs::ImageMetadata metadata_of(const Bytes& file) { return codecs::decode_image(file, "x").metadata; }

/// Inserts `segment`, after its length, behind SOI.
Bytes with_segment(Bytes file, std::uint8_t marker, const Bytes& segment) {
  const std::size_t length = segment.size() + 2;
  Bytes head = {0xff, marker, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  head.insert(head.end(), segment.begin(), segment.end());
  file.insert(file.begin() + 2, head.begin(), head.end());
  return file;
}

Bytes icc_segment(std::uint8_t number, std::uint8_t count, const Bytes& data) {
  Bytes out = bytes_of(std::string("ICC_PROFILE\0", 12));
  out.push_back(number);
  out.push_back(count);
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

}  // namespace

TEST_CASE("jpeg: EXIF, XMP and ICC are read back as written", "[codecs]") {
  const Image image = gradient_image(20, 12, 3);
  const Bytes source = jpeg(image, {});
  const Mask mask(20, 12);
  const auto crops = [&](const Box& box) { return crop_image(image, box); };
  for (const int way : {0, 1, 2}) {
    for (const std::size_t icc : {1, 3144, 65519, 65520, 200000}) {
      codecs::EncodeOptions options = as_jpeg();
      options.metadata.exif = counting(65527);
      options.metadata.xmp = std::string(65504, 'x');
      options.metadata.icc = counting(icc);
      if (way > 0) options.jpeg_origin = codecs::open_jpeg_origin(source, 1);
      const Bytes file = way > 1 ? *codecs::splice_jpeg(*options.jpeg_origin, mask, crops, options.metadata)
                                 : codecs::encode_image(image, options);
      const codecs::ImageMetadata back = metadata_of(file);
      INFO("way " << way << ", profile of " << icc);
      CHECK(back.exif == options.metadata.exif);
      CHECK(back.xmp == options.metadata.xmp);
      CHECK(back.icc == options.metadata.icc);
      CHECK(back.orientation == 1);
    }
  }
  const codecs::ImageMetadata none = metadata_of(codecs::encode_image(image, as_jpeg()));
  CHECK((none.exif.empty() && none.xmp.empty() && none.icc.empty()));
}

TEST_CASE("jpeg: metadata that fits into no segment is left out", "[codecs]") {
  codecs::EncodeOptions options = as_jpeg();
  options.metadata.exif = counting(65528);
  options.metadata.xmp = std::string(65505, 'x');
  options.metadata.icc = Bytes(255 * 65519 + 1, 7);
  const codecs::ImageMetadata back = metadata_of(codecs::encode_image(gradient_image(8, 8, 3), options));
  CHECK(back.exif.empty());
  CHECK(back.xmp.empty());
  CHECK(back.icc.empty());
}

TEST_CASE("jpeg: profiles may come in pieces in any order, and damaged ones are left out", "[codecs]") {
  const Bytes file = jpeg(gradient_image(8, 8, 3), {});
  // The segment that is inserted last comes first.
  const Bytes two = with_segment(with_segment(file, 0xe2, icc_segment(1, 2, {1, 2})), 0xe2, icc_segment(2, 2, {3}));
  CHECK(metadata_of(two).icc == Bytes{1, 2, 3});
  CHECK(metadata_of(with_segment(file, 0xe2, icc_segment(1, 2, {1}))).icc.empty());
  CHECK(metadata_of(with_segment(two, 0xe2, icc_segment(2, 2, {9}))).icc.empty());
  CHECK(metadata_of(with_segment(file, 0xe2, icc_segment(0, 1, {1}))).icc.empty());
  CHECK(metadata_of(with_segment(file, 0xe2, bytes_of("ICC_PROFILE"))).icc.empty());
  // The first of two EXIF segments counts; a segment of another kind does not.
  const auto exif = [](const std::string& content) { return bytes_of(std::string("Exif\0\0", 6) + content); };
  CHECK(metadata_of(with_segment(with_segment(file, 0xe1, exif("b")), 0xe1, exif("a"))).exif == Bytes{'a'});
  CHECK(metadata_of(with_segment(file, 0xe1, bytes_of("Exif"))).exif.empty());
}

TEST_CASE("jpeg: encoded like the source, or at the requested quality", "[codecs]") {
  const Image color = gradient_image(40, 30, 3);
  for (JpegRecipe recipe : jpeg_recipes()) {
    INFO(recipe.name);
    recipe.dots_per_cm = 118;
    const Image image = recipe.sampling.size() == 1 ? gradient_image(40, 30, 1) : color;
    const Bytes source = jpeg(image, recipe);
    codecs::EncodeOptions options = as_jpeg();
    options.jpeg_origin = codecs::open_jpeg_origin(source, 1);
    const JpegContent before = content_of(source);
    const JpegContent after = content_of(codecs::encode_image(image, options));
    CHECK(after.space == before.space);
    CHECK(after.progressive == before.progressive);
    CHECK(after.restart_interval == before.restart_interval);
    CHECK(after.components_of_first_scan == before.components_of_first_scan);
    // Adobe's RGB files have no JFIF segment, which would hold the density.
    CHECK(after.density_unit == (recipe.rgb ? 0 : 2));
    CHECK(after.density == (recipe.rgb ? 1 : 118));
    for (std::size_t p = 0; p < before.planes.size(); ++p) {
      if (before.planes.size() > 1) {
        CHECK(after.planes[p].h == before.planes[p].h);
        CHECK(after.planes[p].v == before.planes[p].v);
      }
      // A whole encoding limits the divisors to values that can matter.
      for (int i = 0; i < DCTSIZE2; ++i) {
        const auto at = static_cast<std::size_t>(i);
        CHECK(after.planes[p].quantisation[at] == std::min<int>(before.planes[p].quantisation[at], 8191));
      }
      CHECK((after.planes[p].blocks == before.planes[p].blocks));
    }

    options.quality = 90;
    const JpegContent plain = content_of(codecs::encode_image(image, options));
    codecs::EncodeOptions alone = as_jpeg();
    alone.quality = 90;
    const JpegContent expected = content_of(codecs::encode_image(image, alone));
    CHECK(plain.max_h * plain.max_v == 1);
    CHECK(plain.density == after.density);
    CHECK((plain.planes[0].quantisation == expected.planes[0].quantisation));
    CHECK_FALSE((plain.planes[0].quantisation == before.planes[0].quantisation));
  }
}

TEST_CASE("jpeg: a source of other colours or size still provides its tables", "[codecs]") {
  const Image color = gradient_image(40, 30, 3);
  const Image grey = gradient_image(21, 9, 1);
  const Bytes color_file = jpeg(color, jpeg_recipes()[2]);
  const Bytes grey_file = jpeg(grey, jpeg_recipes()[9]);
  codecs::EncodeOptions options = as_jpeg();
  options.jpeg_origin = codecs::open_jpeg_origin(color_file, 1);
  const JpegContent grey_out = content_of(codecs::encode_image(grey, options));
  CHECK(grey_out.planes.size() == 1);
  CHECK((grey_out.planes[0].quantisation == content_of(color_file).planes[0].quantisation));
  options.jpeg_origin = codecs::open_jpeg_origin(grey_file, 1);
  const JpegContent color_out = content_of(codecs::encode_image(color, options));
  REQUIRE(color_out.planes.size() == 3);
  CHECK(color_out.max_h == 1);
  for (const JpegPlaneBlocks& plane : color_out.planes) {
    CHECK((plane.quantisation == content_of(grey_file).planes[0].quantisation));
  }
}

TEST_CASE("jpeg: a table with a 0 is not taken over", "[codecs]") {
  Bytes source = jpeg(gradient_image(16, 16, 3), {});
  const Bytes marker = {0xff, 0xdb};
  const auto table = std::search(source.begin(), source.end(), marker.begin(), marker.end());
  REQUIRE(table != source.end());
  *(table + 10) = 0;
  codecs::EncodeOptions options = as_jpeg();
  const Image image = gradient_image(16, 16, 3);
  const Bytes plain = codecs::encode_image(image, options);
  options.jpeg_origin = codecs::open_jpeg_origin(source, 1);
  CHECK(codecs::encode_image(image, options) == plain);
}

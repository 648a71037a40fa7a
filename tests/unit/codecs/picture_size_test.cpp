#include "codecs/picture_size.h"

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/files.h"

namespace zimage::codecs {
namespace {

using test::Bytes;

TEST_CASE("a picture's size is known from its header, as decoding finds it") {
  const test::TemporaryFolder folder;
  const int channels = GENERATE(1, 3, 4);
  const Image image = test::noise_image(70, 45, channels, 8);
  for (const ImageFormat format :
       {ImageFormat::kPng, ImageFormat::kJpeg, ImageFormat::kWebp, ImageFormat::kBmp, ImageFormat::kTiff}) {
    for (const int quality : {0, 80}) {
      CAPTURE(to_string(format), channels, quality);
      EncodeOptions options;
      options.format = format;
      options.quality = quality;
      // EXIF comes before the frame of a JPEG.
      if (format != ImageFormat::kBmp) options.metadata.xmp = "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";
      test::write(folder / "picture", encode_image(image, options));
      const auto size = picture_size(folder / "picture");
      REQUIRE(size.has_value());
      CHECK(size->width == 70);
      CHECK(size->height == 45);
    }
  }
}

TEST_CASE("sizes of formats that are only read") {
  const test::TemporaryFolder folder;
  const auto size_of = [&](const std::string& bytes) {
    test::write(folder / "picture", bytes);
    const auto size = picture_size(folder / "picture");
    return size ? std::pair(size->width, size->height) : std::pair(0U, 0U);
  };
  using Size = std::pair<std::uint32_t, std::uint32_t>;
  CHECK(size_of("P6\n640 480\n255\n") == Size{640, 480});
  CHECK(size_of("P5 12 7 255 ") == Size{12, 7});
  CHECK(size_of(std::string("GIF89a\x40\x01\xf0\0", 10)) == Size{320, 240});
  CHECK(size_of(std::string("8BPS\0\1\0\0\0\0\0\0\0\3\0\0\0\x2d\0\0\0\x46\0\x8\0\3", 26)) == Size{70, 45});
}

TEST_CASE("what is no picture, or ends early, has no size and does no harm") {
  const test::TemporaryFolder folder;
  CHECK_FALSE(picture_size(folder / "none").has_value());
  CHECK_FALSE(picture_size(folder.path()).has_value());
  const Image image = test::noise_image(70, 45, 3, 8);
  for (const ImageFormat format : {ImageFormat::kPng, ImageFormat::kJpeg, ImageFormat::kWebp, ImageFormat::kTiff}) {
    EncodeOptions options;
    options.format = format;
    const Bytes whole = encode_image(image, options);
    for (std::size_t size = 0; size < 64; ++size) {
      test::write(folder / "picture", std::span(whole).first(std::min(size, whole.size())));
      const auto found = picture_size(folder / "picture");
      if (found) CHECK(found->width * found->height > 0);
    }
  }
  for (const char* text : {"", "hello", "\xff\xd8\xff\xff\xff\xff\xff", "P6", "BM", "RIFF....WEBPVP8X"}) {
    test::write(folder / "picture", std::string(text));
    CHECK_FALSE(picture_size(folder / "picture").has_value());
  }
}

}  // namespace
}  // namespace zimage::codecs

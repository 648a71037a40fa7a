// Damaged pictures give kInput or a picture, never anything else.
#include <algorithm>
#include <random>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "unit/codecs/exif_samples.h"
#include "unit/codecs/picture_samples.h"
#include "unit/codecs/profile_samples.h"
#include "unit/codecs/tiff_samples.h"

using namespace zimage;
using namespace zimage::test;
using codecs::ImageFormat;

namespace {

Bytes small_bmp() {
  BmpParts parts;
  parts.width = 5;
  parts.height = 4;
  parts.bits = 8;
  parts.after_header = Bytes(1024, 7);
  parts.pixels = Bytes(8 * 4, 3);
  return bmp(parts);
}

Bytes small_bmp_with_masks() {
  BmpParts parts;
  parts.bits = 16;
  parts.compression = 3;
  parts.after_header = {0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0};
  parts.pixels = Bytes(8, 0x5a);
  return bmp(parts);
}

Bytes carrying(ImageFormat format) {
  codecs::EncodeOptions options;
  options.format = format;
  options.metadata.exif = exif_sample({});
  options.metadata.icc = wide_icc();
  options.metadata.xmp = "<x tiff:Orientation=\"6\" HasExtendedXMP=\"MotionPhoto\"/>";
  options.metadata.resolution = codecs::Resolution{300, 150, codecs::DotsPer::kInch};
  options.metadata.text = {{"Title", "a"}, {"Comment", "b", "de", "c", true, true}};
  options.metadata.color_chunks = {{"cICP", {9, 16, 0, 1}}, {"gAMA", {0, 0, 177, 143}}};
  options.metadata.comments = {"a comment"};
  options.metadata.photoshop = bytes_of(std::string("8BIM\4\4\0\0\0\0\0\6\x1c\2\x50\0\1a", 18));
  options.metadata.xmp_extension = "<y/>";
  options.metadata.xmp_extension_id = std::string(32, 'A');
  return codecs::encode_image(noise_image(7, 5, 3, 8), options);
}

std::vector<std::pair<std::string, Bytes>> samples() {
  const auto encoded = [](const Image& image, ImageFormat format, int quality) {
    codecs::EncodeOptions options;
    options.format = format;
    options.quality = quality;
    options.text = {{"key", "value"}};
    return codecs::encode_image(image, options);
  };
  return {{"png", encoded(noise_image(7, 5, 3, 8), ImageFormat::kPng, 0)},
          {"png of 16 bits", encoded(noise_image(5, 4, 4, 16), ImageFormat::kPng, 0)},
          {"png interlaced", png(2, 2, 8, 0, 1, {}, {0, 1, 0, 2, 0, 3, 4})},
          {"jpeg", encoded(gradient_image(17, 9, 3), ImageFormat::kJpeg, 0)},
          {"grey jpeg", encoded(gradient_image(9, 8, 1), ImageFormat::kJpeg, 50)},
          {"lossless webp", encoded(noise_image(6, 5, 4, 8), ImageFormat::kWebp, 0)},
          {"lossy webp", encoded(gradient_image(20, 20, 3), ImageFormat::kWebp, 50)},
          {"lossy webp with alpha", encoded(noise_image(20, 20, 4, 8), ImageFormat::kWebp, 50)},
          {"png with all it can carry", carrying(ImageFormat::kPng)},
          {"webp with all it can carry", carrying(ImageFormat::kWebp)},
          {"jpeg with all it can carry", carrying(ImageFormat::kJpeg)},
          {"tiff", plain_tiff(noise_image(5, 4, 3, 8), false)},
          {"tiff of 16 bits, other byte order", plain_tiff(noise_image(4, 3, 4, 16), true)},
          {"bmp", small_bmp()},
          {"bmp with masks", small_bmp_with_masks()}};
}

Bytes damaged(Bytes bytes, std::mt19937& random) {
  for (unsigned count = 1 + random() % 4; count > 0; --count) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0: bytes[at] = static_cast<std::uint8_t>(random()); break;
      case 1: bytes[at] ^= static_cast<std::uint8_t>(1u << (random() % 8)); break;
      case 2: bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at)); break;
      default: bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("image: files truncated anywhere", "[codecs]") {
  for (const auto& [kind, bytes] : samples()) {
    INFO(kind);
    CHECK_FALSE(codecs::decode_image(bytes, "x").image.empty());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto error = error_of([&, size = size] {
        codecs::decode_image({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}, "x");
      });
      INFO("the first " << size << " of " << bytes.size() << " bytes");
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::kInput);
    }
    const auto error = error_of([&] { codecs::decode_image({bytes.begin(), bytes.end() - 2}, "mask.png"); });
    CHECK(error->message() == "mask.png is truncated");
  }
}

TEST_CASE("image: random damage is refused or decoded", "[codecs]") {
  std::mt19937 random(20240713);
  auto all = samples();
  // Its directory is the last thing in it, and libtiff doesn't miss the four zeros at its end.
  all.emplace_back("tiff with all it can carry", carrying(ImageFormat::kTiff));
  for (const auto& [kind, bytes] : all) {
    INFO(kind);
    int refused = 0;
    for (int round = 0; round < 1500; ++round) {
      const Bytes bad = damaged(bytes, random);
      const auto error = error_of([&] {
        const Image image = codecs::decode_image(bad, "x").image;
        if (image.samples.size() != image.index(0, image.height)) FAIL("a picture of another size than it says");
        if (image.samples.bit_depth() != image.bit_depth) FAIL("samples of another depth than it says");
      });
      if (!error) continue;
      ++refused;
      REQUIRE(error->code() == ErrorCode::kInput);
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("image: random bytes behind each signature", "[codecs]") {
  std::mt19937 random(7);
  const std::vector<std::string> kStarts = {
      "\x89PNG\r\n\x1a\n",     "\xff\xd8\xff",         "RIFF", "BM", std::string("II*\0", 4),
      std::string("MM\0*", 4), std::string("II+\0", 4)};
  for (const std::string& start : kStarts) {
    for (int round = 0; round < 500; ++round) {
      Bytes bytes = bytes_of(start);
      for (unsigned i = random() % 200; i > 0; --i) bytes.push_back(static_cast<std::uint8_t>(random()));
      if (start == "RIFF" && bytes.size() >= 12) std::copy_n("WEBP", 4, bytes.begin() + 8);
      const auto error = error_of([&] { codecs::decode_image(bytes, "x"); });
      REQUIRE(error);
      REQUIRE(error->code() == ErrorCode::kInput);
    }
  }
}

#include <tiffio.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "codecs/image_file.h"
#include "codecs/metadata/exif.h"
#include "image/orientation.h"
#include "support/catch.h"
#include "unit/codecs/profile_samples.h"
#include "unit/codecs/tiff_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

/// Returns a picture with samples of `bits` bits.
Image small_samples(int width, int height, int channels, int bits) {
  Image image = noise_image(width, height, channels, bits == 16 ? 16 : 8);
  if (bits < 8) {
    for (std::size_t i = 0; i < image.samples.size(); ++i) {
      image.samples.set(i, static_cast<std::uint16_t>(image.samples[i] & ((1 << bits) - 1)));
    }
  }
  return image;
}

/// Returns what a decoder must make of small_samples().
Image widened(Image image, int bits, bool inverted) {
  const int full = (1 << bits) - 1;
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    const int value = inverted ? full - image.samples[i] : image.samples[i];
    image.samples.set(i, static_cast<std::uint16_t>(bits < 8 ? value * 255 / full : value));
  }
  return image;
}

std::string refusal(const Image& image, const TiffKind& kind) {
  const auto error = error_of([&] { codecs::decode_image(tiff_of(image, kind), "x.tif"); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInput);
  CHECK_FALSE(error->hint().empty());
  return error->message();
}

}  // namespace

TEST_CASE("tiff: every depth, colour, layout and byte order", "[codecs]") {
  for (const int bits : {1, 2, 4, 8, 16}) {
    for (int channels = 1; channels <= 4; ++channels) {
      for (const bool planar : {false, true}) {
        for (const int tile : {0, 16}) {
          for (const bool big_endian : {false, true}) {
            const Image image = small_samples(37, 21, channels, bits);
            TiffKind kind;
            kind.bits = bits;
            kind.planar = planar;
            kind.tile = tile;
            kind.big_endian = big_endian;
            INFO(bits << " bits, " << channels << " channels, planar " << planar << ", tile " << tile);
            const codecs::ImageFile file = codecs::decode_image(tiff_of(image, kind), "x");
            CHECK(file.format == codecs::ImageFormat::kTiff);
            check_same(file.image, widened(image, bits, false));
          }
        }
      }
    }
  }
}

TEST_CASE("tiff: byte by byte", "[codecs]") {
  for (const int depth : {8, 16}) {
    for (const bool big_endian : {false, true}) {
      for (int channels = 1; channels <= 4; ++channels) {
        const Image image = noise_image(7, 5, channels, depth);
        check_same(codecs::decode_image(plain_tiff(image, big_endian), "x").image, image);
      }
    }
  }
}

TEST_CASE("tiff: white at zero, and palettes", "[codecs]") {
  for (const int bits : {1, 2, 4, 8}) {
    const Image image = small_samples(19, 7, 1, bits);
    TiffKind kind;
    kind.bits = bits;
    kind.white_is_zero = true;
    check_same(codecs::decode_image(tiff_of(image, kind), "x").image, widened(image, bits, true));
    kind.white_is_zero = false;
    kind.palette = true;
    const Image colors = codecs::decode_image(tiff_of(image, kind), "x").image;
    REQUIRE(colors.channels == 3);
    REQUIRE(colors.bit_depth == 8);
    for (std::size_t i = 0; i < image.samples.size(); ++i) {
      const int index = image.samples[i];
      REQUIRE(colors.samples[3 * i] == index);
      REQUIRE(colors.samples[3 * i + 1] == 255 - index);
      REQUIRE(colors.samples[3 * i + 2] == 7 * index % 256);
    }
  }
}

TEST_CASE("tiff: premultiplied alpha is undone", "[codecs]") {
  for (const int depth : {8, 16}) {
    const Image straight = noise_image(40, 30, 4, depth);
    const unsigned full = straight.max_value();
    Image multiplied = straight;
    for (std::size_t i = 0; i < straight.samples.size(); i += 4) {
      for (std::size_t c = 0; c < 3; ++c) {
        multiplied.samples.set(
            i + c, static_cast<std::uint16_t>(
                       (std::uint32_t{straight.samples[i + c]} * straight.samples[i + 3] + full / 2) / full));
      }
    }
    TiffKind kind;
    kind.bits = depth;
    kind.premultiplied = true;
    const Image back = codecs::decode_image(tiff_of(multiplied, kind), "x").image;
    for (std::size_t i = 0; i < straight.samples.size(); ++i) {
      const double alpha = static_cast<double>(straight.samples[i - i % 4 + 3]) / full;
      REQUIRE(back.samples[i] <= full);
      // The error is half a level of what was stored, divided by the alpha.
      if (alpha > 0) REQUIRE(std::abs(back.samples[i] - straight.samples[i]) <= 0.5 / alpha + 0.5);
    }
  }
}

TEST_CASE("tiff: compressions", "[codecs]") {
  const Image image = noise_image(50, 40, 3, 8);
  for (const int compression : {COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
    for (const int tile : {0, 32}) {
      TiffKind kind;
      kind.compression = compression;
      kind.tile = tile;
      const Bytes bytes = tiff_of(image, kind);
      check_same(codecs::decode_image(bytes, "x").image, image);
    }
  }
  const Image strokes = small_samples(64, 20, 1, 1);
  TiffKind fax;
  fax.bits = 1;
  fax.compression = COMPRESSION_CCITTFAX4;
  fax.white_is_zero = true;
  check_same(codecs::decode_image(tiff_of(strokes, fax), "x").image, widened(strokes, 1, true));
}

TEST_CASE("tiff: BigTIFF, pages, orientation, profile and XMP", "[codecs]") {
  const Image image = noise_image(9, 5, 3, 8);
  TiffKind kind;
  kind.big_tiff = true;
  check_same(codecs::decode_image(tiff_of(image, kind), "x").image, image);
  kind.big_tiff = false;
  kind.pages = 3;
  check_same(codecs::decode_image(tiff_of(image, kind), "x").image, image);
  kind.pages = 1;
  kind.icc = wide_icc();
  kind.xmp = "<x tiff:Orientation=\"6\"/>";
  kind.orientation = 6;
  const codecs::ImageFile file = codecs::decode_image(tiff_of(image, kind), "x");
  check_same(file.image, upright(image, 6));
  CHECK(file.metadata.orientation == 6);
  CHECK(file.metadata.icc == kind.icc);
  CHECK(file.metadata.xmp == "<x tiff:Orientation=\"1\"/>");
}

TEST_CASE("tiff: unsupported kinds are refused by name", "[codecs]") {
  const auto contains = [](const std::string& text, const std::string& part) { return text.find(part) != text.npos; };
  TiffKind kind;
  kind.photometric = PHOTOMETRIC_SEPARATED;
  CHECK(refusal(noise_image(4, 4, 4, 8), kind) == "x.tif is a TIFF in CMYK, which is not supported");
  kind.photometric = PHOTOMETRIC_CIELAB;
  CHECK(contains(refusal(noise_image(4, 4, 3, 8), kind), "in Lab"));
  kind = {};
  kind.bits = 16;
  kind.sample_format = SAMPLEFORMAT_IEEEFP;
  CHECK(contains(refusal(noise_image(4, 4, 1, 16), kind), "floating-point"));
  kind.sample_format = SAMPLEFORMAT_INT;
  CHECK(contains(refusal(noise_image(4, 4, 1, 16), kind), "signed"));
}

TEST_CASE("tiff: a small file that claims to be large costs nothing", "[codecs]") {
  Image claim = noise_image(4, 4, 3, 8);
  Bytes bytes = plain_tiff(claim, false);
  // The first two entries hold width and height.
  for (const std::size_t at : {8 + 2 + 8, 8 + 2 + 12 + 8}) {
    bytes[at] = 0x00;
    bytes[at + 1] = 0x3f;
  }
  const auto error = error_of([&] { codecs::decode_image(bytes, "x.tif"); });
  REQUIRE(error);
  CHECK(error->message() == "x.tif is truncated");
}

TEST_CASE("tiff: random damage of every kind is refused or decoded", "[codecs]") {
  std::mt19937 random(77);
  const Image image = noise_image(24, 18, 3, 8);
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
    for (const int tile : {0, 16}) {
      TiffKind kind;
      kind.compression = compression;
      kind.tile = tile;
      kind.icc = Bytes(40, 1);
      const Bytes good = tiff_of(image, kind);
      int refused = 0;
      for (int round = 0; round < 400; ++round) {
        Bytes bad = good;
        for (unsigned i = 1 + random() % 5; i > 0; --i) {
          // Half of the damage is in the directory, which libtiff writes at the end.
          const std::size_t tail = std::min<std::size_t>(300, bad.size());
          const std::size_t at = random() % 2 == 0 ? bad.size() - 1 - random() % tail : random() % bad.size();
          bad[at] = static_cast<std::uint8_t>(random());
        }
        const auto error = error_of([&] {
          const Image decoded = codecs::decode_image(bad, "x").image;
          if (decoded.samples.size() != decoded.index(0, decoded.height)) FAIL("another size than it says");
        });
        if (!error) continue;
        ++refused;
        REQUIRE(error->code() == ErrorCode::kInput);
      }
      CHECK(refused > 20);
    }
  }
}

// Tests how BMP is written, and how its profiles and greys are read.
#include <algorithm>
#include <random>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/samples.h"
#include "unit/codecs/picture_samples.h"
#include "unit/codecs/profile_samples.h"

using namespace zimage;
using namespace zimage::test;
using codecs::ImageFormat;

namespace {

Bytes encoded(const Image& image, const Bytes& icc = {}) {
  codecs::EncodeOptions options;
  options.format = ImageFormat::kBmp;
  options.metadata.icc = icc;
  return codecs::encode_image(image, options);
}

codecs::ImageFile decoded(const Bytes& bytes) { return codecs::decode_image(bytes, "x"); }

// These are made only once, because lcms2 puts the time into them.
const Bytes kWide = wide_icc();
const Bytes kGrey = grey_icc(1.8);

std::uint32_t u32(const Bytes& bytes, std::size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | static_cast<std::uint32_t>(bytes[at + 3]) << 24;
}

void put_u32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) bytes[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

TEST_CASE("bmp: every kind is read back as written, whatever the padding", "[codecs]") {
  for (int channels = 1; channels <= 4; ++channels) {
    for (int width = 1; width <= 6; ++width) {
      for (const Bytes& icc : {Bytes{}, channels <= 2 ? kGrey : kWide}) {
        const Image image = noise_image(width, 5, channels, 8);
        const Bytes bytes = encoded(image, icc);
        const codecs::ImageFile file = decoded(bytes);
        INFO(channels << " channels, " << width << " wide, profile of " << icc.size());
        CHECK(file.format == ImageFormat::kBmp);
        CHECK(file.metadata.icc == icc);
        CHECK(u32(bytes, 2) == bytes.size());
        CHECK(encoded(image, icc) == bytes);
        // Grey with alpha can only be stored as RGBA.
        REQUIRE(file.image.channels == (channels == 2 ? 4 : channels));
        for (int y = 0; y < 5; ++y) {
          for (int x = 0; x < width; ++x) {
            for (int c = 0; c < file.image.channels; ++c) {
              const int from = channels == 2 ? c / 3 : c;
              REQUIRE(file.image.samples[file.image.index(x, y, c)] == image.samples[image.index(x, y, from)]);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("bmp: 24 bits, byte by byte", "[codecs]") {
  Image image(1, 2, 3);
  for (std::size_t i = 0; i < 6; ++i) image.samples.set(i, static_cast<std::uint16_t>(i + 1));
  const Bytes expected = {'B', 'M', 62, 0, 0, 0, 0, 0,  0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0,
                          0,   2,   0,  0, 0, 1, 0, 24, 0, 0, 0,  0, 0, 8, 0,  0, 0, 0, 0, 0, 0,
                          0,   0,   0,  0, 0, 0, 0, 0,  0, 0, 0,  0, 6, 5, 4,  0, 3, 2, 1, 0};
  CHECK(encoded(image) == expected);
}

TEST_CASE("bmp: 16 bits are rounded to 8", "[codecs]") {
  Image image(3, 1, 1, 16);
  image.samples.set(0, 0);
  image.samples.set(1, 257 * 100 + 128);
  image.samples.set(2, 257 * 100 + 129);
  CHECK(values(decoded(encoded(image)).image) == Values{0, 100, 101});
}

TEST_CASE("bmp: a palette of greys is grey, unless its profile is for colours", "[codecs]") {
  BmpParts parts;
  parts.height = 1;
  parts.bits = 8;
  parts.colors_used = 2;
  parts.after_header = {10, 10, 10, 0, 60, 60, 60, 0};
  parts.pixels = {1, 0, 0, 0};
  const Image grey = decoded(bmp(parts)).image;
  CHECK(grey.channels == 1);
  CHECK(values(grey) == Values{60, 10});
  parts.after_header[6] = 61;
  CHECK(values(decoded(bmp(parts)).image) == Values{61, 60, 60, 10, 10, 10});
  const Image picture = noise_image(3, 2, 1, 8);
  CHECK(decoded(encoded(picture, kGrey)).image.channels == 1);
  CHECK(decoded(encoded(picture, kWide)).image.channels == 3);
}

TEST_CASE("bmp: masks of any width and order", "[codecs]") {
  BmpParts parts;
  parts.width = 2;
  parts.height = 1;
  parts.bits = 16;
  parts.compression = 3;
  parts.after_header = {0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0};  // 5, 6 and 5 bits
  parts.pixels = {0x21, 0x08, 0xff, 0xff};                             // 1, 1, 1, then all bits
  CHECK(values(decoded(bmp(parts)).image) == Values{8, 4, 8, 255, 255, 255});
  parts.compression = 6;
  parts.after_header = {1, 0, 0, 0, 6, 0, 0, 0, 0x38, 0, 0, 0, 0, 0xff, 0, 0};  // 1, 2, 3 and 8 bits
  parts.pixels = {0x2b, 77, 0x04, 200};
  CHECK(values(decoded(bmp(parts)).image) == Values{255, 85, 182, 77, 0, 170, 0, 200});
  // An alpha of 0 throughout is alpha too, where there is a mask for it.
  parts.pixels = {0x2b, 0, 0x04, 0};
  CHECK(values(decoded(bmp(parts)).image) == Values{255, 85, 182, 0, 0, 170, 0, 0});
}

TEST_CASE("bmp: a profile in an impossible place is ignored", "[codecs]") {
  const Image image = noise_image(4, 3, 3, 8);
  const Bytes good = encoded(image, kWide);
  constexpr std::size_t kColorSpace = 70, kOffset = 126, kSize = 130;
  REQUIRE(decoded(good).metadata.icc == kWide);
  const std::uint32_t at = u32(good, kOffset);
  const std::uint32_t size = u32(good, kSize);
  REQUIRE(14 + at + size == good.size());
  for (const std::size_t place : {kOffset, kSize}) {
    for (const std::uint32_t value : {at + 1, size + 1, 0x7fffffffu, 0x80000000u, 0xfffffff0u, 0xffffffffu}) {
      Bytes bad = good;
      put_u32(bad, place, std::max(value, place == kOffset ? at + 1 : size + 1));
      INFO(place << " " << value);
      const codecs::ImageFile file = decoded(bad);
      CHECK(file.metadata.icc.empty());
      CHECK(file.image.samples == image.samples);
    }
  }
  // It lies within the header, has no length, or is only linked by a file name.
  for (const auto& [place, value] :
       {std::pair{kOffset, 123u}, {kOffset, 0u}, {kSize, 0u}, {kColorSpace, 0x4c494e4bu}}) {
    Bytes bad = good;
    put_u32(bad, place, value);
    CHECK(decoded(bad).metadata.icc.empty());
  }
  // The file ends within the profile.
  CHECK(decoded({good.begin(), good.end() - 1}).metadata.icc.empty());
}

TEST_CASE("bmp: random damage of a header with a profile is refused or decoded", "[codecs]") {
  std::mt19937 random(5);
  for (int channels = 1; channels <= 4; ++channels) {
    const Bytes good = encoded(noise_image(5, 4, channels, 8), channels == 1 ? kGrey : kWide);
    int refused = 0;
    int without_profile = 0;
    for (int round = 0; round < 3000; ++round) {
      Bytes bad = good;
      for (unsigned i = 1 + random() % 4; i > 0; --i) bad[random() % 138] = static_cast<std::uint8_t>(random());
      codecs::ImageFile file;
      const auto error = error_of([&] { file = decoded(bad); });
      if (!error && file.image.samples.size() != file.image.index(0, file.image.height)) FAIL("another size");
      if (error) REQUIRE(error->code() == ErrorCode::kInput);
      refused += error ? 1 : 0;
      without_profile += !error && file.metadata.icc.empty() ? 1 : 0;
    }
    CHECK(refused > 100);
    CHECK(without_profile > 100);
  }
}

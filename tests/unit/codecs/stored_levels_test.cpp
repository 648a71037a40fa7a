#include "codecs/stored_levels.h"

#include <algorithm>

#include "support/catch.h"
#include "support/files.h"

namespace zimage::codecs {
namespace {

using test::Bytes;

void add_chunk(Bytes& png, const std::string& name, const Bytes& data) {
  for (int shift = 24; shift >= 0; shift -= 8) png.push_back(static_cast<std::uint8_t>(data.size() >> shift));
  png.insert(png.end(), name.begin(), name.end());
  png.insert(png.end(), data.begin(), data.end());
  png.insert(png.end(), 4, 0);  // the checksum, which nobody reads here
}

/// A PNG's beginning, up to its pixels.
Bytes png(std::uint8_t depth, std::uint8_t kind, const Bytes& palette = {}) {
  Bytes file = test::bytes_of("\x89PNG\r\n\x1a\n");
  add_chunk(file, "IHDR", {0, 0, 0, 1, 0, 0, 0, 1, depth, kind, 0, 0, 0});
  add_chunk(file, "tEXt", test::bytes_of("PLTE"));
  if (!palette.empty()) add_chunk(file, "PLTE", palette);
  add_chunk(file, "IDAT", {1, 2, 3});
  return file;
}

using Color = std::array<std::uint16_t, 3>;

TEST_CASE("a level of a palette is the colour of its entry") {
  const StoredLevels stored = stored_levels(png(8, 3, {0, 0, 0, 128, 0, 0, 0, 128, 0}));
  CHECK(decoded_level(stored, 8, 2) == Color{0, 128, 0});
  CHECK_FALSE(decoded_level(stored, 8, 3).has_value());
  CHECK(level_of(stored, {128, 0, 0}) == 1);
  CHECK_FALSE(level_of(stored, {128, 128, 128}).has_value());
}

TEST_CASE("a level of a small grey is the value that it becomes in 8 bits") {
  CHECK(decoded_level(stored_levels(png(1, 0)), 8, 1) == Color{255, 255, 255});
  CHECK(decoded_level(stored_levels(png(2, 0)), 8, 2) == Color{170, 170, 170});
  CHECK(decoded_level(stored_levels(png(4, 0)), 8, 3) == Color{51, 51, 51});
  CHECK_FALSE(decoded_level(stored_levels(png(4, 0)), 8, 16).has_value());
  CHECK(level_of(stored_levels(png(4, 0)), {51, 51, 51}) == 3);
}

/// A BMP's beginning, with a palette of blue, green, red and a zero.
Bytes bmp(std::uint8_t bits, const Bytes& palette) {
  Bytes file(54 + palette.size());
  file[0] = 'B';
  file[1] = 'M';
  file[10] = static_cast<std::uint8_t>(54 + palette.size());  // where its pixels begin
  file[14] = 40;                                              // its second header's size
  file[18] = file[22] = file[26] = 1;                         // width, height, planes
  file[28] = bits;
  file[46] = static_cast<std::uint8_t>(palette.size() / 4);
  std::copy(palette.begin(), palette.end(), file.begin() + 54);
  return file;
}

TEST_CASE("a BMP's and a GIF's levels are entries of their palettes") {
  const StoredLevels of_bmp = stored_levels(bmp(4, {0, 0, 0, 0, 0, 0, 128, 0, 0, 128, 0, 0}));
  CHECK(decoded_level(of_bmp, 8, 1) == Color{128, 0, 0});
  CHECK(level_of(of_bmp, {0, 128, 0}) == 2);
  CHECK_FALSE(decoded_level(of_bmp, 8, 3).has_value());
  // A screen with two colours, and a frame with two of its own.
  const Bytes global = test::bytes_of(std::string("GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff", 19));
  Bytes gif = global;
  const Bytes frame = test::bytes_of(std::string("\x2c\0\0\0\0\1\0\1\0\x80\7\7\7\x9\x9\x9\2\0;", 19));
  gif.insert(gif.end(), frame.begin(), frame.end());
  CHECK(decoded_level(stored_levels(gif), 8, 1) == Color{9, 9, 9});
  gif[19 + 9] = 0;  // the frame has no palette of its own
  gif.erase(gif.begin() + 29, gif.begin() + 35);
  CHECK(decoded_level(stored_levels(gif), 8, 1) == Color{255, 255, 255});
}

TEST_CASE("the grey of a PGM is scaled as it is read") {
  const StoredLevels stored = stored_levels(test::bytes_of("P5\n# a comment\n1 1\n3\n\1"));
  CHECK(decoded_level(stored, 8, 2) == Color{170, 170, 170});
  CHECK(level_of(stored, {85, 85, 85}) == 1);
  CHECK_FALSE(decoded_level(stored, 8, 4).has_value());
  CHECK(stored_levels(test::bytes_of("P5 1 1 255\n\1")).palette.empty());
}

TEST_CASE("other levels are what they are") {
  const StoredLevels plain = stored_levels(test::bytes_of("\xff\xd8\xff"));
  CHECK(decoded_level(plain, 8, 3) == Color{3, 3, 3});
  CHECK(decoded_level(plain, 16, 700) == Color{700, 700, 700});
  CHECK_FALSE(decoded_level(plain, 8, 256).has_value());
  CHECK(level_of(plain, {3, 3, 3}) == 3);
  CHECK_FALSE(level_of(plain, {3, 3, 4}).has_value());
}

TEST_CASE("a damaged file is no palette, and never a crash") {
  const Bytes whole = png(8, 3, {0, 0, 0, 128, 0, 0});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const StoredLevels stored = stored_levels(std::span(whole).first(size));
    CHECK(stored.palette.size() <= 2);
  }
  const Bytes cut = bmp(8, {0, 0, 0, 0, 9, 9, 9, 0});
  for (std::size_t size = 0; size < cut.size(); ++size) {
    CHECK(stored_levels(std::span(cut).first(size)).palette.size() <= 2);
  }
  for (const char* start : {"GIF89a", "P5 ", "P5 1 1", "II*\0", "BM"}) {
    CHECK(stored_levels(test::bytes_of(start)).palette.empty());
  }
  Bytes huge = whole;
  huge[8] = 0xff;
  CHECK(stored_levels(huge).palette.empty());
}

}  // namespace
}  // namespace zimage::codecs

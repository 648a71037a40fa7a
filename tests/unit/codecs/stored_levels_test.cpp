#include "codecs/stored_levels.h"

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
  Bytes huge = whole;
  huge[8] = 0xff;
  CHECK(stored_levels(huge).palette.empty());
}

}  // namespace
}  // namespace zimage::codecs

#include "image/canvas.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "support/catch.h"
#include "support/samples.h"

namespace zimage {
namespace {

Image numbered(int width, int height, int depth) {
  Image image(width, height, 3, depth);
  for (std::size_t i = 0; i < image.samples.size(); ++i) image.samples.set(i, static_cast<std::uint16_t>(1 + i % 250));
  return image;
}

TEST_CASE("the rows near a mask, and the whole picture again") {
  const int depth = GENERATE(8, 16);
  const int top = GENERATE(0, 30, 150, 199);
  CAPTURE(depth, top);
  const Image picture = numbered(5, 200, depth);
  Mask mask(5, 200);
  mask.repaint[mask.index(3, top)] = 1;
  const Image near = rows_near(picture, mask);
  for (int y = 0; y < 200; ++y) {
    const bool kept = std::abs(y - top) <= 64;
    for (std::size_t i = picture.index(0, y); i < picture.index(0, y + 1); ++i) {
      REQUIRE(near.samples[i] == (kept ? picture.samples[i] : 0));
    }
  }
  Image changed = near;
  changed.samples.set(changed.index(3, top), 255);
  Image expected = picture;
  expected.samples.set(expected.index(3, top), 255);
  CHECK(with_rows_near(picture, mask, changed).samples == expected.samples);
}

TEST_CASE("bytes are zeros, and copies are the same, of every size") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65537}, (std::size_t{9} << 20) + 5}) {
    CAPTURE(size);
    ZeroedBytes bytes(size);
    CHECK(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; }));
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      if (size > 0) bytes[at] = 7;
    }
    ZeroedBytes copy = bytes;
    CHECK(copy == bytes);
    copy.touch_from_end();
    CHECK(copy == bytes);
    if (size == 0) continue;
    copy[size - 1] = 8;
    CHECK_FALSE(copy == bytes);
    const ZeroedBytes moved = std::move(copy);
    CHECK(copy.empty());
    CHECK(moved[size - 1] == 8);
    copy = bytes;
    CHECK(copy == bytes);
  }
}

}  // namespace
}  // namespace zimage

#include "image/orientation.h"

#include "support/catch.h"
#include "support/files.h"

using namespace zimage;
using namespace zimage::test;

namespace {

/// Returns where pixel (x, y) of the upright picture lies in the stored one, according to the table in
/// Exif 2.32, 4.6.4, which says at which side of the picture the stored rows and columns begin.
std::pair<int, int> stored_place(int x, int y, int orientation, int width, int height) {
  switch (orientation) {
    case 2: return {width - 1 - x, y};
    case 3: return {width - 1 - x, height - 1 - y};
    case 4: return {x, height - 1 - y};
    case 5: return {y, x};
    case 6: return {y, width - 1 - x};
    case 7: return {height - 1 - y, width - 1 - x};
    case 8: return {height - 1 - y, x};
    default: return {x, y};
  }
}

}  // namespace

TEST_CASE("orientation: every pixel goes where EXIF says") {
  for (int channels = 1; channels <= 4; ++channels) {
    for (int orientation = 0; orientation <= 9; ++orientation) {
      for (const auto& [width, height] : {std::pair{1, 1}, {5, 3}, {70, 41}, {1, 9}}) {
        const Image stored = noise_image(width, height, channels, 16);
        const Image upright = zimage::upright(stored, orientation);
        const bool rotated = orientation >= 5 && orientation <= 8;
        REQUIRE(upright.width == (rotated ? height : width));
        REQUIRE(upright.height == (rotated ? width : height));
        REQUIRE(upright.channels == channels);
        bool same = true;
        for (int y = 0; y < upright.height; ++y) {
          for (int x = 0; x < upright.width; ++x) {
            const auto [from_x, from_y] = stored_place(x, y, orientation, upright.width, upright.height);
            for (int c = 0; c < channels; ++c) {
              same = same && upright.samples[upright.index(x, y, c)] == stored.samples[stored.index(from_x, from_y, c)];
            }
          }
        }
        INFO(orientation << " of " << width << "x" << height << "x" << channels);
        CHECK(same);
      }
    }
  }
}

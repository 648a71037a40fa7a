#include "image/display.h"

#include "support/catch.h"
#include "support/samples.h"

namespace zimage {

TEST_CASE("an image for the screen has 8 bits and colours, and its transparency shows a checkerboard") {
  Image deep(3, 1, 2, 16);
  test::fill(deep, {65535, 65535, 32768, 0, 257, 65535});
  const Image color = to_8_bit_color(deep);
  CHECK(color.channels == 4);
  CHECK(test::values(color) == test::Values{255, 255, 255, 255, 128, 128, 128, 0, 1, 1, 1, 255});
  const Image flat = without_alpha(color);
  CHECK(flat.channels == 3);
  CHECK(test::values(flat) == test::Values{255, 255, 255, 204, 204, 204, 1, 1, 1});
}

}  // namespace zimage

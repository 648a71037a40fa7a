#include "conditioning/difference.h"

#include "support/catch.h"

using namespace zimage;

TEST_CASE("changes are counted, and bounded outside the mask") {
  Image before(3, 2, 3);
  Image after = before;
  Mask mask(3, 2);
  mask.repaint[0] = 1;
  after.samples[after.index(0, 0, 1)] = 200;  // in the hole
  after.samples[after.index(2, 1, 2)] = 7;    // outside
  const Difference difference = compare(before, after, mask);
  CHECK(difference.changed_pixels == 2);
  CHECK(difference.max_change_outside_mask == 7);
}

TEST_CASE("other channels and depths are compared at the coarser one") {
  Image before(1, 1, 4, 16);
  before.samples = {65535, 0, 32896, 65535};
  Image after(1, 1, 3, 8);
  after.samples = {255, 0, 128};
  CHECK(compare(before, after, Mask(1, 1)).changed_pixels == 0);
  after.samples[1] = 3;
  CHECK(compare(before, after, Mask(1, 1)).max_change_outside_mask == 3);
  Image grey(1, 1, 1);
  grey.samples = {9};
  Image rgb(1, 1, 3);
  rgb.samples = {9, 9, 9};
  CHECK(compare(grey, rgb, Mask(1, 1)).changed_pixels == 0);
}

TEST_CASE("alpha counts where both have it") {
  Image before(1, 1, 4);
  before.samples = {1, 2, 3, 0};
  Image after = before;
  after.samples[3] = 255;
  CHECK(compare(before, after, Mask(1, 1)).max_change_outside_mask == 255);
}

#include "image/metrics/picture_metrics.h"

#include <algorithm>

#include "support/catch.h"
#include "support/samples.h"

using namespace zimage;

TEST_CASE("changes are counted, and the largest outside the mask is found") {
  Image before(3, 2, 3);
  Image after = before;
  Mask mask(3, 2);
  mask.repaint[0] = 1;
  after.samples.set(after.index(0, 0, 1), 200);  // in the hole
  after.samples.set(after.index(2, 1, 2), 7);    // outside
  const Difference difference = compare(before, after, mask);
  CHECK(difference.changed_pixels == 2);
  CHECK(difference.max_change_outside_mask == 7);
}

TEST_CASE("pictures of different channels and depths are compared at the coarser depth") {
  Image before(1, 1, 4, 16);
  test::fill(before, {65535, 0, 32896, 65535});
  Image after(1, 1, 3, 8);
  test::fill(after, {255, 0, 128});
  CHECK(compare(before, after, Mask(1, 1)).changed_pixels == 0);
  after.samples.set(1, 3);
  CHECK(compare(before, after, Mask(1, 1)).max_change_outside_mask == 3);
  Image grey(1, 1, 1);
  test::fill(grey, {9});
  Image rgb(1, 1, 3);
  test::fill(rgb, {9, 9, 9});
  CHECK(compare(grey, rgb, Mask(1, 1)).changed_pixels == 0);
}

TEST_CASE("alpha counts if both pictures have it") {
  Image before(1, 1, 4);
  test::fill(before, {1, 2, 3, 0});
  Image after = before;
  after.samples.set(3, 255);
  CHECK(compare(before, after, Mask(1, 1)).max_change_outside_mask == 255);
}

TEST_CASE("changes are found wherever they lie in a long row") {
  const Image before(700, 1, 3);
  Mask mask(700, 1);
  for (const int first : {0, 1, 127, 128, 300, 571, 572, 699}) {
    for (const int last : {first, 400, 699}) {
      if (last < first) continue;
      CAPTURE(first, last);
      Image after = before;
      for (int x = first; x <= last; x += 3)
        after.samples.set(after.index(x, 0), static_cast<std::uint16_t>(1 + x % 9));
      const Difference found = compare(before, after, mask);
      CHECK(found.changed_pixels == static_cast<std::size_t>((last - first) / 3 + 1));
      CHECK(found.max_change_outside_mask > 0);
    }
  }
}

TEST_CASE("the mean is over all samples outside the mask, unchanged rows included") {
  Image before(4, 3, 3);
  Image after = before;
  Mask mask(4, 3);
  mask.repaint[mask.index(1, 1)] = 1;
  after.samples.set(after.index(1, 1, 0), 90);  // in the hole
  after.samples.set(after.index(3, 1, 2), 33);
  after.samples.set(after.index(0, 1, 1), 11);
  const Difference difference = compare(before, after, mask);
  CHECK(difference.changed_pixels == 3);
  CHECK(difference.mean_change_outside_mask == 44.0 / 33.0);
}

TEST_CASE("a grey sample counts as three colours") {
  const int channels = GENERATE(1, 2, 3, 4);
  const int depth = GENERATE(8, 16);
  CAPTURE(channels, depth);
  Image before(53, 70, channels, depth);
  for (std::size_t i = 0; i < before.samples.size(); ++i) before.samples.set(i, static_cast<std::uint16_t>(i % 200));
  Image after = before;
  Mask mask(53, 70);
  for (std::size_t i = 0; i < mask.repaint.size(); i += 3) mask.repaint[i] = 1;
  std::size_t pixels = 0;
  double sum = 0.0;
  for (int i = 0; i < 53 * 70; i += 1 + i % 37) {
    const int c = i % channels;
    const std::size_t sample = before.index(i, 0, c);
    after.samples.set(sample, static_cast<std::uint16_t>(before.samples[sample] + 1 + i % 9));
    ++pixels;
    if (mask.repaint[static_cast<std::size_t>(i)] == 0) sum += (channels <= 2 && c == 0 ? 3 : 1) * (1 + i % 9);
  }
  const double kept = static_cast<double>(mask.repaint.size() - mask.count()) * (before.has_alpha() ? 4 : 3);
  const Difference difference = compare(before, after, mask);
  CHECK(difference.changed_pixels == pixels);
  CHECK(difference.mean_change_outside_mask == Approx(sum / kept));
}

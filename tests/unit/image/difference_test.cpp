#include "image/metrics/difference.h"

#include <algorithm>

#include "image/canvas.h"
#include "support/catch.h"
#include "support/samples.h"

using namespace zimage;

Difference compare_part(const Image& before, const Image& part, int left, int top, const Mask& mask) {
  Comparison comparison(before, mask);
  comparison.add(part, left, top);
  return comparison.result();
}

TEST_CASE("changes are counted, and bounded outside the mask") {
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

TEST_CASE("other channels and depths are compared at the coarser one") {
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

TEST_CASE("alpha counts where both have it") {
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

TEST_CASE("the mean is over all samples outside, also of rows that are the same") {
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

TEST_CASE("a band is compared with its own rows") {
  Image before(2, 4, 3);
  for (std::size_t i = 0; i < before.samples.size(); ++i) before.samples.set(i, static_cast<std::uint16_t>(i));
  Image band(2, 2, 3);
  std::copy_n(before.samples.address(before.index(0, 1)), band.samples.size(), band.samples.bytes());
  const Mask mask(2, 4);
  CHECK(compare_part(before, band, 0, 1, mask).changed_pixels == 0);
  CHECK(compare_part(before, band, 0, 2, mask).changed_pixels == 4);
  band.samples.set(0, static_cast<std::uint16_t>(band.samples[0] + 24));
  const Difference difference = compare_part(before, band, 0, 1, mask);
  CHECK(difference.max_change_outside_mask == 24);
  CHECK(difference.mean_change_outside_mask == 1.0);
}

TEST_CASE("bands one after another make the whole") {
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
    // Grey is compared as the three colours that it stands for.
    if (mask.repaint[static_cast<std::size_t>(i)] == 0) sum += (channels <= 2 && c == 0 ? 3 : 1) * (1 + i % 9);
  }
  Comparison comparison(before, mask);
  for (int y = 0; y < 70; y += 32) comparison.add(crop_image(after, {0, y, 53, std::min(32, 70 - y)}), 0, y);
  const Difference bands = comparison.result();
  const double kept = static_cast<double>(mask.repaint.size() - mask.count()) * (before.has_alpha() ? 4 : 3);
  CHECK(bands.changed_pixels == pixels);
  CHECK(bands.mean_change_outside_mask == Approx(sum / kept));
  const Difference whole = compare(before, after, mask);
  CHECK(whole.changed_pixels == bands.changed_pixels);
  CHECK(whole.max_change_outside_mask == bands.max_change_outside_mask);
  CHECK(whole.mean_change_outside_mask == bands.mean_change_outside_mask);
}

TEST_CASE("a part is compared with the pixels and the mask where it lies") {
  Image before(5, 4, 3);
  for (std::size_t i = 0; i < before.samples.size(); ++i) before.samples.set(i, static_cast<std::uint16_t>(i));
  Image part = crop_image(before, {2, 1, 2, 3});
  Mask mask(5, 4);
  CHECK(compare_part(before, part, 2, 1, mask).changed_pixels == 0);
  CHECK(compare_part(before, part, 1, 1, mask).changed_pixels == 6);
  part.samples.set(part.index(1, 2, 0), 200);
  mask.repaint[mask.index(3, 3)] = 1;
  CHECK(compare_part(before, part, 2, 1, mask).changed_pixels == 1);
  CHECK(compare_part(before, part, 2, 1, mask).max_change_outside_mask == 0);
  CHECK(compare_part(before, part, 2, 1, Mask(5, 4)).max_change_outside_mask ==
        200 - before.samples[before.index(3, 3)]);
}

TEST_CASE("a box that is left out, and then seen by another comparison, makes the whole") {
  Image before(40, 30, 3);
  for (std::size_t i = 0; i < before.samples.size(); ++i) before.samples.set(i, static_cast<std::uint16_t>(i % 200));
  Image after = before;
  for (std::size_t i = 0; i < after.samples.size(); i += 7) {
    after.samples.set(i, static_cast<std::uint16_t>(after.samples[i] + 1 + i % 50));
  }
  Mask mask(40, 30);
  mask.repaint[mask.index(12, 9)] = 1;
  const Difference whole = compare(before, after, mask);
  for (const Box box : {Box{10, 8, 5, 4}, Box{0, 0, 40, 30}, Box{0, 5, 40, 3}, Box{35, 20, 5, 10}, Box{}}) {
    for (const int width : {40, 11}) {
      CAPTURE(box.x, box.y, box.width, box.height, width);
      Comparison far(before, mask);
      for (int x = 0; x < 40; x += width) {
        const int columns = std::min(width, 40 - x);
        far.add(crop_image(after, {x, 0, columns, 13}), x, 0, box);
        far.add(crop_image(after, {x, 13, columns, 17}), x, 13, box);
      }
      Comparison near(before, mask);
      if (!box.empty()) near.add(crop_image(after, box), box.x, box.y);
      CHECK(near.result().changed_pixels < whole.changed_pixels + (box.width == 40 && box.height == 30 ? 1 : 0));
      near.add(far);
      CHECK(near.result().changed_pixels == whole.changed_pixels);
      CHECK(near.result().max_change_outside_mask == whole.max_change_outside_mask);
      CHECK(near.result().mean_change_outside_mask == whole.mean_change_outside_mask);
    }
  }
}

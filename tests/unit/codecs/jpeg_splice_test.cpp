// JPEG to JPEG: blocks that weren't changed keep the source's coefficients.
#include <algorithm>
#include <cmath>
#include <random>

#include "codecs/image_file.h"
#include "support/catch.h"
#include "support/samples.h"
#include "unit/codecs/jpeg_reach.h"
#include "unit/codecs/splice_samples.h"

using namespace zimage;
using namespace zimage::test;

namespace {

const std::vector<Size> kSizes = {{1, 1}, {7, 9}, {17, 33}, {64, 48}, {100, 71}};

/// Returns whether a pixel of `mask` lies in [left, left + width) x [top, top + height).
bool touches(const Mask& mask, int left, int top, int width, int height) {
  for (int y = top; y < std::min(top + height, mask.height); ++y) {
    for (int x = left; x < std::min(left + width, mask.width); ++x) {
      if (mask.repaint[mask.index(x, y)] != 0) return true;
    }
  }
  return false;
}

/// Checks that every block without a changed pixel is the source's, and every other that of `whole`. Returns the number
/// of the source's.
int check_blocks(const JpegContent& out, const JpegContent& source, const JpegContent& whole, const Mask& mask) {
  int kept = 0;
  // If all pixels changed, it is a whole encoding, whose divisors are limited to values that can matter.
  const bool all = std::find(mask.repaint.begin(), mask.repaint.end(), 0) == mask.repaint.end();
  REQUIRE(out.planes.size() == source.planes.size());
  for (std::size_t p = 0; p < out.planes.size(); ++p) {
    const JpegPlaneBlocks& plane = source.planes[p];
    REQUIRE(out.planes[p].blocks.size() == plane.blocks.size());
    CHECK((out.planes[p].quantisation == (all ? whole : source).planes[p].quantisation));
    const int width = 8 * source.max_h / plane.h;
    const int height = 8 * source.max_v / plane.v;
    int wrong = 0;
    for (int i = 0; i < static_cast<int>(plane.blocks.size()); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const bool touched = touches(mask, i % plane.width * width, i / plane.width * height, width, height);
      if (!touched) ++kept;
      wrong += out.planes[p].blocks[at] != (touched ? whole : source).planes[p].blocks[at] ? 1 : 0;
    }
    CHECK(wrong == 0);
  }
  return kept;
}

bool same_pixel(const Image& a, const Image& b, int x, int y) {
  return std::equal(a.samples.address(a.index(x, y)), a.samples.address(a.index(x + 1, y)),
                    b.samples.address(b.index(x, y)));
}

/// Returns the mean difference over the pixels of the mask.
double mean_difference(const Image& a, const Image& b, const Mask& mask) {
  double sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    if (mask.repaint[i / static_cast<std::size_t>(a.channels)] == 0) continue;
    sum += std::abs(a.samples[i] - b.samples[i]);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

}  // namespace

TEST_CASE("jpeg: only blocks with changed pixels are encoded anew", "[codecs]") {
  std::mt19937 random(5);
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    int kept = 0;
    for (const Size size : kSizes) {
      INFO(recipe.name << ", " << size.width << "x" << size.height);
      const Bytes source = sample(recipe, size, 3);
      const JpegContent content = content_of(source);
      for (int round = 0; round < 4; ++round) {
        const Mask mask = random_mask(size.width, size.height, random);
        const Image picture = changed_picture(decoded(source), mask);
        const Bytes out = encode_like(picture, source, &mask);
        const JpegContent whole = content_of(encode_like(picture, source, nullptr));
        kept += check_blocks(content_of(out), content, whole, mask);
        CHECK(encode_like(picture, source, &mask) == out);
      }
    }
    CHECK(kept > 100);
  }
}

TEST_CASE("jpeg: nothing changed, everything changed", "[codecs]") {
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    INFO(recipe.name);
    const Bytes source = sample(recipe, {53, 39}, 8);
    Mask mask(53, 39);
    const Image other = textured_image(53, 39, static_cast<int>(recipe.sampling.size()), 20);
    CHECK(decoded(encode_like(other, source, &mask)).samples == decoded(source).samples);
    std::fill(mask.repaint.begin(), mask.repaint.end(), std::uint8_t{1});
    const JpegContent all = content_of(encode_like(other, source, &mask));
    const JpegContent whole = content_of(encode_like(other, source, nullptr));
    for (std::size_t p = 0; p < all.planes.size(); ++p) CHECK((all.planes[p].blocks == whole.planes[p].blocks));
  }
}

TEST_CASE("jpeg: pixels outside the touched MCUs decode as before", "[codecs]") {
  std::mt19937 random(11);
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    INFO(recipe.name);
    int same = 0;
    int differing_in_reach = 0;
    double left = 0;
    double changed = 0;
    for (int round = 0; round < 12; ++round) {
      const Bytes source = sample(recipe, {100, 71}, 3);
      const Image before = decoded(source);
      const Mask mask = random_mask(100, 71, random);
      const Mask allowed = jpeg_changed_pixels(source, mask);
      const Image picture = changed_picture(before, mask);
      const Image after = decoded(encode_like(picture, source, &mask));
      const JpegContent content = content_of(source);
      const bool grey = before.channels == 1;
      const int width = grey ? 8 : 8 * content.max_h;
      const int height = grey ? 8 : 8 * content.max_v;
      int wrong = 0;
      for (int y = 0; y < 71; ++y) {
        for (int x = 0; x < 100; ++x) {
          const bool equal = same_pixel(before, after, x, y);
          if (allowed.repaint[mask.index(x, y)] == 0) wrong += equal ? 0 : 1;
          const bool touched = touches(mask, x / width * width, y / height * height, width, height);
          if (!touched) (equal ? same : differing_in_reach) += 1;
        }
      }
      CHECK(wrong == 0);
      left += mean_difference(after, picture, mask);
      changed += mean_difference(before, picture, mask);
    }
    // Coarse tables and subsampled colours change noise a lot, but it stays nearer than the untouched picture.
    CHECK(left < 0.6 * changed);
    CHECK(same > 1000);
    // The reach is no wider than needed: pixels within it differ exactly if colour is interpolated.
    const std::vector<std::string> kNone = {"4:4:4", "4:1:1", "4:1:0", "grey", "RGB", "more blocks"};
    const bool none = std::any_of(kNone.begin(), kNone.end(),
                                  [&](const std::string& start) { return recipe.name.rfind(start, 0) == 0; });
    CHECK((differing_in_reach == 0) == none);
  }
}

TEST_CASE("jpeg: a progressive source that lacks scans is wholly encoded anew", "[codecs]") {
  JpegRecipe recipe;
  recipe.sampling = {{2, 2}, {1, 1}, {1, 1}};
  recipe.progressive = true;
  recipe.progressive_scans = 4;
  const Bytes source = sample(recipe, {60, 50}, 2);
  Mask mask(60, 50);
  mask.repaint[mask.index(30, 30)] = 1;
  const Mask all = jpeg_changed_pixels(source, mask);
  CHECK(std::count(all.repaint.begin(), all.repaint.end(), 1) == 60 * 50);
  const Image picture = changed_picture(decoded(source), mask);
  CHECK(encode_like(picture, source, &mask) == encode_like(picture, source, nullptr));
}

TEST_CASE("jpeg: a mask must have the picture's size", "[codecs]") {
  const Bytes source = sample(jpeg_recipes()[0], {20, 10}, 2);
  const Mask mask(20, 11);
  const auto error = error_of([&] { encode_like(decoded(source), source, &mask); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kRuntime);
}

TEST_CASE("jpeg: damaged sources", "[codecs]") {
  const Silence silence;
  std::mt19937 random(77);
  const auto byte = [&] { return static_cast<std::uint8_t>(random()); };
  for (const JpegRecipe& recipe : jpeg_recipes()) {
    INFO(recipe.name);
    const Bytes good = sample(recipe, {37, 29}, 4);
    const Image picture = textured_image(37, 29, static_cast<int>(recipe.sampling.size()), 5);
    int refused = 0;
    int encoded = 0;
    for (int round = 0; round < 300; ++round) {
      Bytes bad = good;
      for (unsigned count = 1 + random() % 3; count > 0; --count) {
        // Half of the damage is in the headers.
        const std::size_t limit = random() % 2 == 0 ? std::min<std::size_t>(bad.size(), 620) : bad.size();
        bad[random() % limit] = byte();
      }
      const Mask mask = random_mask(37, 29, random);
      const auto error = error_of([&] {
        encode_like(picture, bad, &mask);
        jpeg_changed_pixels(bad, mask);
        ++encoded;
      });
      if (!error) continue;
      ++refused;
      REQUIRE((error->code() == ErrorCode::kInput || error->code() == ErrorCode::kRuntime));
    }
    CHECK(refused > 30);
    CHECK(encoded > 10);
  }
}

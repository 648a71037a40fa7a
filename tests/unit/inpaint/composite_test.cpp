#include "inpaint/composite.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "base/parallel.h"
#include "image/distance.h"
#include "image/mask_operations.h"
#include "image/metrics/picture_metrics.h"
#include "inpaint/pixels.h"
#include "inpaint/repaint.h"
#include "support/catch.h"
#include "zimage/result.h"

namespace zimage {
namespace {

Image numbered(int width, int height, int channels, int depth) {
  Image image(width, height, channels, depth);
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    image.samples.set(i, static_cast<std::uint16_t>((i * 2654435761U >> 7U) % (image.max_value() + 1U)));
  }
  return image;
}

Mask checkered(int width, int height) {
  Mask mask(width, height);
  for (std::size_t i = 0; i < mask.repaint.size(); ++i) mask.repaint[i] = (i * 7 / 3) % 2;
  return mask;
}

/// Composites a region's result into a picture: makes a patch like the pipeline, and pastes it like the caller.
Image composited(Image picture, const Mask& mask, const WorkingRegion& region, const at::Tensor& pixels,
                 const CompositeOptions& options) {
  const Box box = changed_part(mask, region, options.feather);
  paste(composite({picture, {}}, box, mask, region, pixels, options), picture);
  return picture;
}

TEST_CASE("kept pixels equal the input to the bit, repainted ones the model, at every depth and channel count") {
  const int channels = GENERATE(1, 2, 3, 4);
  const int depth = GENERATE(8, 16);
  const int height = GENERATE(16, 21);  // 21 is processed at 16 and resized back
  CAPTURE(channels, depth, height);
  const Image picture = numbered(32, height, channels, depth);
  const Mask mask = checkered(32, height);
  const WorkingRegion region = whole_picture(32, height);
  const at::Tensor pixels = at::full({1, 3, region.working_height, region.working_width}, 0.25);
  const Image out = composited(picture, mask, region, pixels, {});
  const int painted = depth == 8 ? 64 : 16384;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < 32; ++x) {
      const bool repaint = mask.repaint[static_cast<std::size_t>(y * 32 + x)] != 0;
      for (int c = 0; c < channels; ++c) {
        const bool alpha = picture.has_alpha() && c == channels - 1;
        const int expected = repaint && !alpha ? painted : picture.samples[picture.index(x, y, c)];
        REQUIRE(std::abs(int{out.samples[out.index(x, y, c)]} - expected) <= (repaint && !alpha ? 1 : 0));
      }
    }
  }
  const Difference difference = compare(picture, out, mask);
  CHECK(difference.max_change_outside_mask == 0);
  CHECK(difference.changed_pixels > mask.count() / 2);
  CHECK(difference.changed_pixels <= mask.count());
}

TEST_CASE("a feather fades outwards, and only the effective mask changes") {
  const int feather = GENERATE(1, 3, 9);
  const int depth = GENERATE(8, 16);
  CAPTURE(feather, depth);
  Image picture(40, 32, 4, depth);
  const Mask mask = [] {
    Mask hole(40, 32);
    for (int y = 12; y < 18; ++y) {
      for (int x = 15; x < 22; ++x) hole.repaint[hole.index(x, y)] = 1;
    }
    return hole;
  }();
  const Mask effective = grow_mask(mask, feather);
  const Image out = composited(picture, mask, whole_picture(40, 32), at::ones({1, 3, 32, 48}), {.feather = feather});
  int before = out.max_value();
  for (int x = 21; x < 40; ++x) {
    const int value = out.samples[out.index(x, 15)];
    const int distance = x - 21;
    CHECK((value > 0) == (distance <= feather));
    CHECK(value <= before);
    before = value;
  }
  CHECK(out.samples[out.index(18, 15)] == picture.max_value());
  CHECK(out.samples[out.index(18, 15, 3)] == 0);
  CHECK(compare(picture, out, effective).max_change_outside_mask == 0);
  CHECK(compare(picture, out, effective).changed_pixels == effective.count());
  CHECK(compare(picture, out, mask).max_change_outside_mask > 0);
}

Mask scattered(int width, int height, int parts) {
  Mask mask(width, height);
  std::mt19937 random(7);
  for (int i = 0; i < parts; ++i) {
    const int x = static_cast<int>(random() % static_cast<unsigned>(width));
    const int y = static_cast<int>(random() % static_cast<unsigned>(height));
    const int side = 1 + static_cast<int>(random() % 20);
    for (int v = y; v < std::min(y + side, height); ++v) {
      for (int u = x; u < std::min(x + side, width); ++u) mask.repaint[mask.index(u, v)] = 1;
    }
  }
  return mask;
}

TEST_CASE("a large picture is composited as if in one piece, on any number of threads") {
  const int feather = GENERATE(0, 4, 90);
  const bool resized = GENERATE(false, true);
  CAPTURE(feather, resized);
  const Image picture = numbered(700, 610, 3, 8);
  const Mask mask = scattered(700, 610, 12);
  const WorkingRegion region{20, 30, 640, 560, resized ? 160 : 640, resized ? 144 : 560};
  at::manual_seed(5);
  const at::Tensor pixels = at::rand({1, 3, region.working_height, region.working_width});
  const at::Tensor whole = resize_pixels(pixels, 560, 640, {0, 0, 640, 560}).contiguous();
  Image expected = picture;
  for_each_nearest(mask, box_of(region), [&](int y, const std::vector<Nearest>& row) {
    for (int x = 0; x < 640; ++x) {
      const float share = feather_share(row[static_cast<std::size_t>(x)].squared, feather);
      if (share == 0.0F) continue;
      for (int c = 0; c < 3; ++c) {
        const std::size_t i = expected.index(region.x + x, y, c);
        const float value = whole[0][c][y - region.y][x].item<float>() * 255.0F;
        const float level = value * share + static_cast<float>(picture.samples[i]) * (1.0F - share);
        expected.samples.set(i, static_cast<std::uint16_t>(std::lround(level)));
      }
    }
  });
  const int threads = at::get_num_threads();
  std::vector<Image> made;
  for (const int count : {1, 2}) {
    at::set_num_threads(count);
    set_thread_count(count);
    made.push_back(composited(picture, mask, region, pixels, {.feather = feather}));
  }
  at::set_num_threads(threads);
  set_thread_count(0);
  CHECK(made[0].samples == made[1].samples);
  // A value near a half may be rounded to either side.
  int largest = 0;
  std::size_t differing = 0;
  for (std::size_t i = 0; i < expected.samples.size(); ++i) {
    const int difference = std::abs(int{made[0].samples[i]} - expected.samples[i]);
    largest = std::max(largest, difference);
    if (difference > 0) ++differing;
  }
  CHECK(largest <= 1);
  CHECK(differing * 1000 <= expected.samples.size());
  CHECK(compare(picture, made[0], grow_mask(mask, feather)).max_change_outside_mask == 0);
}

// GCC's builds have OpenMP (cmake/FindTorch.cmake); without it there is only one thread.
#if defined(__GNUC__) && !defined(__clang__)
TEST_CASE("parallel work uses more than one of libtorch's threads") {
  const int threads = at::get_num_threads();
  at::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> workers;
  at::parallel_for(0, 128, 32, [&](std::int64_t, std::int64_t) {
    const std::lock_guard lock(mutex);
    workers.insert(std::this_thread::get_id());
  });
  at::set_num_threads(threads);
  CHECK(workers.size() == 2);
}
#endif

TEST_CASE("a patch changes the pixels that it covers, and no others") {
  Image picture = numbered(9, 7, 3, 16);
  const Image before = picture;
  Patch patch{{2, 3, 4, 2}, numbered(4, 2, 3, 16), {1, 0, 0, 1, 0, 0, 1, 0}};
  paste(patch, picture);
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 9; ++x) {
      const bool inside = x >= 2 && x < 6 && y >= 3 && y < 5;
      const bool covered = inside && patch.coverage[static_cast<std::size_t>((y - 3) * 4 + x - 2)] != 0;
      for (int c = 0; c < 3; ++c) {
        const std::uint16_t expected =
            covered ? patch.pixels.samples[patch.pixels.index(x - 2, y - 3, c)] : before.samples[before.index(x, y, c)];
        REQUIRE(picture.samples[picture.index(x, y, c)] == expected);
      }
    }
  }
}

TEST_CASE("the share of a feather falls evenly from the hole to one pixel beyond its end") {
  CHECK(feather_share(0, 0) == 1.0F);
  CHECK(feather_share(1, 0) == 0.0F);
  CHECK(feather_share(Nearest::kNone, 4) == 0.0F);
  CHECK(feather_share(4, 3) == Approx(0.5));
  CHECK(feather_share(1, 3) + feather_share(9, 3) == Approx(1.0));
  CHECK(feather_share(9, 3) > 0.0F);
  CHECK(feather_share(10, 3) == 0.0F);
}

TEST_CASE("an opaque hole has full alpha") {
  Image picture(16, 16, 4);
  Mask mask(16, 16);
  mask.repaint[5] = 1;
  const at::Tensor pixels = at::ones({1, 3, 16, 16});
  const Image out = composited(picture, mask, whole_picture(16, 16), pixels, {.opaque = true});
  CHECK(out.samples[5 * 4 + 3] == 255);
  CHECK(out.samples[6 * 4 + 3] == 0);
}

TEST_CASE("compare counts pixels and finds changes outside the mask") {
  const Image before = numbered(4, 4, 3, 8);
  Image after = before;
  Mask mask(4, 4);
  mask.repaint[0] = 1;
  after.samples.set(0, after.samples[0] ^ 1U);
  after.samples.set(1, after.samples[1] ^ 1U);
  CHECK(compare(before, after, mask).changed_pixels == 1);
  CHECK(compare(before, after, mask).max_change_outside_mask == 0);
  after.samples.set(3, static_cast<std::uint16_t>(before.samples[3] ^ 4U));
  CHECK(compare(before, after, mask).changed_pixels == 2);
  CHECK(compare(before, after, mask).max_change_outside_mask == 4);
}

TEST_CASE("the working size is the nearest multiple of 16") {
  CHECK(round_to_multiple(1) == 16);
  CHECK(round_to_multiple(23) == 16);
  CHECK(round_to_multiple(24) == 32);
  CHECK(round_to_multiple(512) == 512);
  CHECK_FALSE(whole_picture(32, 64).resized());
  CHECK(whole_picture(33, 64).resized());
}

TEST_CASE("pixels survive the round trip to a tensor") {
  const Image picture = numbered(16, 8, 3, 8);
  CHECK(to_image(to_pixels(picture)).samples == picture.samples);
  const Image grey = numbered(16, 8, 1, 16);
  const at::Tensor pixels = to_pixels(grey);
  CHECK(at::equal(pixels.select(1, 0), pixels.select(1, 2)));
  CHECK(to_image(pixels, 1, 16).samples == grey.samples);
}

TEST_CASE("no stroke is lost when the mask becomes latent cells") {
  Mask mask(64, 48);
  for (int x = 0; x < 64; ++x) mask.repaint[static_cast<std::size_t>(17 * 64 + x)] = 1;
  const at::Tensor cells = latent_mask(to_mask_tensor(mask));
  CHECK(cells.sum().item<double>() == 8.0);
  CHECK(cells.select(2, 2).min().item<double>() == 1.0);
  Mask single(50, 50);
  single.repaint[33 * 50 + 41] = 1;
  CHECK(resize_mask(single, 16, 16).count() >= 1);
  CHECK(resize_mask(single, 64, 64).count() >= 1);
}

TEST_CASE("RePaint puts the kept part back at the step's noise level") {
  const at::Tensor latent = at::full({1, 16, 2, 2}, 2.0);
  const at::Tensor noise = at::full({1, 16, 2, 2}, 4.0);
  at::Tensor mask = at::zeros({1, 1, 2, 2});
  mask[0][0][1][1] = 1.0;
  const RepaintBlend blend{mask, latent, noise};
  const at::Tensor x = blend(at::full({1, 16, 2, 2}, 9.0), 0.25);
  CHECK(x[0][3][0][0].item<double>() == Approx(2.5));
  CHECK(x[0][3][1][1].item<double>() == Approx(9.0));
}

}  // namespace
}  // namespace zimage

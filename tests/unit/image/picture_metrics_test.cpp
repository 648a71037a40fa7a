#include "image/metrics/picture_metrics.h"

#include <algorithm>

#include "support/catch.h"
#include "support/samples.h"

using namespace zimage;

namespace {

/// Uses integers only, so that the reference values below come from the same pictures.
Image first(int width, int height) {
  Image image(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.samples.set(image.index(x, y), static_cast<std::uint16_t>((x * x * 3 + y * y * 5 + x * y * 7 + 11) % 256));
    }
  }
  return image;
}

Image second(const Image& from) {
  Image image = from;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int sample = image.samples[image.index(x, y)];
      image.samples.set(image.index(x, y), static_cast<std::uint16_t>((sample * 2 + (x * x * x + y * 37) % 256) / 3));
    }
  }
  return image;
}

}  // namespace

// The SSIM is the mean of the whole map of scikit-image 0.26: structural_similarity(a, b, gaussian_weights=True,
// sigma=1.5, use_sample_covariance=False, data_range=255, full=True). The other figures come from numpy.
TEST_CASE("the measures equal scikit-image's and numpy's") {
  const Image a = first(32, 24);
  const Image b = second(a);
  Mask corner(32, 24);
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 10; ++x) corner.repaint[corner.index(x, y)] = 1;
  }
  const PictureComparison measured = measure_pictures(a, b, &corner);
  CHECK(measured.whole.ssim == Approx(0.8608760761736346).epsilon(1e-12));
  CHECK(measured.inside->ssim == Approx(0.9092534212800719).epsilon(1e-12));
  CHECK(*measured.whole.psnr == Approx(17.517810616850316).epsilon(1e-12));
  CHECK(measured.whole.mean == Approx(27.369791666666668).epsilon(1e-12));
  CHECK(measured.whole.max == 83.0);
  CHECK(measured.whole.differing_pixels == 754);
  CHECK(measured.inside->pixels + measured.outside->pixels == measured.whole.pixels);
  const Image small = first(13, 16);
  CHECK(measure_pictures(small, second(small)).whole.ssim == Approx(0.867827356433909).epsilon(1e-12));
}

TEST_CASE("every size has measures") {
  for (const int side : {1, 2, 3, 5, 10, 11, 12}) {
    INFO(side);
    const Image a = first(side, 13 - side);
    CHECK(measure_pictures(a, a).whole.ssim == 1.0);
    CHECK_FALSE(measure_pictures(a, a).whole.psnr.has_value());
    Image b = a;
    b.samples.set(0, b.samples[0] ^ 128U);
    const PictureMetrics metrics = measure_pictures(a, b).whole;
    CHECK(metrics.ssim < 1.0);
    CHECK(metrics.max == 128.0);
    CHECK(metrics.differing_pixels == 1);
  }
}

TEST_CASE("a part without pixels has no measures") {
  const Image a = first(4, 4);
  Mask mask(4, 4);
  CHECK_FALSE(measure_pictures(a, a, &mask).inside.has_value());
  CHECK(measure_pictures(a, a, &mask).outside->pixels == 16);
  std::fill(mask.repaint.begin(), mask.repaint.end(), std::uint8_t{1});
  CHECK_FALSE(measure_pictures(a, a, &mask).outside.has_value());
  CHECK_FALSE(measure_pictures(a, a).inside.has_value());
}

TEST_CASE("different channels and depths are made comparable") {
  Image grey(2, 1, 1);
  test::fill(grey, {10, 200});
  Image rgba(2, 1, 4, 16);
  test::fill(rgba, {2570, 2570, 2570, 65535, 51400, 51400, 51400, 65535});
  CHECK(measure_pictures(grey, rgba).whole.differing_pixels == 0);
  rgba.samples.set(1, static_cast<std::uint16_t>(rgba.samples[1] + 2));
  CHECK(measure_pictures(grey, rgba).whole.max == Approx(2.0 / 257.0));
  rgba.samples.set(7, 0);
  const PictureMetrics metrics = measure_pictures(rgba, grey).whole;
  CHECK(metrics.max == 255.0);
  CHECK(metrics.differing_pixels == 2);
  CHECK(metrics.mean == Approx((255.0 + 2.0 / 257.0) / 8.0));
}

TEST_CASE("a difference picture shows even the smallest difference, and the largest in white") {
  Image a(3, 1, 3, 16);
  Image b = a;
  b.samples.set(0, 40000);
  b.samples.set(4, 1);
  const DifferencePicture picture = difference_picture(a, b);
  CHECK(picture.image.channels == 1);
  CHECK(test::values(picture.image) == test::Values{255, 1, 0});
  CHECK(picture.amplification == Approx(255.0 * 257.0 / 40000.0));
  CHECK(test::values(difference_picture(a, a).image) == test::Values{0, 0, 0});
}

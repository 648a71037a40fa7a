#include "conditioning/resample.h"

#include <ATen/ATen.h>

#include "support/catch.h"

namespace zimage {
namespace {

/// Largest difference to the library's result of the whole picture.
double error(const at::Tensor& pixels, int height, int width, const Box& window) {
  const at::Tensor whole = at::_upsample_bicubic2d_aa(pixels, {height, width}, /*align_corners=*/false);
  const at::Tensor expected = whole.narrow(2, window.y, window.height).narrow(3, window.x, window.width);
  const at::Tensor made = resample(pixels, height, width, window);
  REQUIRE(made.sizes() == expected.sizes());
  return (made - expected).abs().max().item<double>();
}

TEST_CASE("a resampled picture is the library's, at any scale", "[conditioning]") {
  at::manual_seed(1);
  const at::Tensor pixels = at::rand({1, 3, 37, 52});
  for (const int height : {1, 5, 16, 36, 37, 38, 74, 111, 300}) {
    for (const int width : {1, 7, 26, 52, 53, 104, 290}) {
      CAPTURE(height, width);
      CHECK(error(pixels, height, width, {0, 0, width, height}) < 2e-6);
    }
  }
}

TEST_CASE("a window is a part of the whole", "[conditioning]") {
  at::manual_seed(2);
  const at::Tensor pixels = at::rand({1, 3, 40, 30});
  for (const auto& [height, width] : {std::pair{97, 173}, std::pair{17, 11}, std::pair{80, 15}, std::pair{20, 60}}) {
    for (const Box window :
         {Box{0, 0, 1, 1}, Box{3, 5, 8, 11}, Box{width - 2, height - 4, 2, 4}, Box{0, 3, width, 2}}) {
      CAPTURE(height, width, window.x, window.y);
      CHECK(error(pixels, height, width, window) < 2e-6);
    }
  }
}

TEST_CASE("small and thin pictures are resampled as well", "[conditioning]") {
  at::manual_seed(3);
  CHECK(error(at::rand({1, 3, 1, 1}), 9, 6, {0, 0, 6, 9}) < 2e-6);
  CHECK(error(at::rand({1, 1, 1, 500}), 16, 64, {0, 0, 64, 16}) < 2e-6);
  CHECK(error(at::rand({1, 3, 600, 2}), 32, 48, {1, 2, 40, 30}) < 2e-6);
}

}  // namespace
}  // namespace zimage

#include "inpaint/resample.h"

#include <ATen/ATen.h>

#include "inpaint/pixels.h"
#include "support/catch.h"

namespace zimage {
namespace {

constexpr double kLimit = 1e-6;

/// Resizes with libtorch in fp64. In fp32 it computes the pixels' positions in fp32 too, which costs about 3e-6.
at::Tensor by_library(const at::Tensor& pixels, int height, int width) {
  // libtorch 2.13 is wrong by several percent if the result is one pixel wide, but right if it is one pixel high.
  if (width == 1 && height != 1) return by_library(pixels.transpose(2, 3).contiguous(), 1, height).transpose(2, 3);
  return at::_upsample_bicubic2d_aa(pixels.to(at::kDouble), {height, width}, /*align_corners=*/false);
}

/// Returns the largest difference from the library's result for the whole picture.
double error(const at::Tensor& pixels, int height, int width, const Box& window) {
  const at::Tensor whole = by_library(pixels, height, width);
  const at::Tensor expected = whole.narrow(2, window.y, window.height).narrow(3, window.x, window.width);
  const at::Tensor made = resample(pixels, height, width, window);
  REQUIRE(made.sizes() == expected.sizes());
  return (made - expected).abs().max().item<double>();
}

TEST_CASE("a resampled picture equals the library's at any scale", "[inpaint]") {
  at::manual_seed(1);
  const at::Tensor pixels = at::rand({1, 3, 37, 52});
  for (const int height : {1, 5, 16, 36, 37, 38, 74, 111, 300}) {
    for (const int width : {1, 7, 26, 52, 53, 104, 290}) {
      CAPTURE(height, width);
      CHECK(error(pixels, height, width, {0, 0, width, height}) < kLimit);
    }
  }
}

TEST_CASE("a window equals that part of the whole", "[inpaint]") {
  at::manual_seed(2);
  const at::Tensor pixels = at::rand({1, 3, 40, 30});
  for (const auto& [height, width] : {std::pair{97, 173}, std::pair{17, 11}, std::pair{80, 15}, std::pair{20, 60}}) {
    for (const Box window :
         {Box{0, 0, 1, 1}, Box{3, 5, 8, 11}, Box{width - 2, height - 4, 2, 4}, Box{0, 3, width, 2}}) {
      CAPTURE(height, width, window.x, window.y);
      CHECK(error(pixels, height, width, window) < kLimit);
    }
  }
}

TEST_CASE("small and thin pictures are resampled correctly", "[inpaint]") {
  at::manual_seed(3);
  CHECK(error(at::rand({1, 3, 1, 1}), 9, 6, {0, 0, 6, 9}) < kLimit);
  CHECK(error(at::rand({1, 1, 1, 500}), 16, 64, {0, 0, 64, 16}) < kLimit);
  CHECK(error(at::rand({1, 3, 600, 2}), 32, 48, {1, 2, 40, 30}) < kLimit);
}

TEST_CASE("a box of a picture is resized like its pixels, with any number of channels", "[inpaint]") {
  const int channels = GENERATE(1, 2, 3, 4);
  const int depth = GENERATE(8, 16);
  CAPTURE(channels, depth);
  Image image(500, 90, channels, depth);
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    image.samples.set(i, static_cast<std::uint16_t>((i * 2654435761U >> 7U) % (image.max_value() + 1U)));
  }
  const Box box{9, 4, 480, 80};
  const at::Tensor pixels = to_pixels(image, box);
  for (const auto& [height, width] :
       {std::pair{16, 32}, {79, 480}, {16, 600}, {80, 48}, {200, 48}, {80, 480}, {1, 1}}) {
    CAPTURE(height, width);
    const at::Tensor expected = by_library(pixels, height, width).clamp(0.0, 1.0);
    const at::Tensor made = to_pixels(image, box, height, width);
    REQUIRE(made.sizes() == expected.sizes());
    CHECK((made - expected).abs().max().item<double>() < kLimit);
  }
}

}  // namespace
}  // namespace zimage

#include "pipeline/latent_colors.h"

#include <ATen/ATen.h>

#include <cstdlib>
#include <set>
#include <tuple>

#include "support/catch.h"

namespace zimage {
namespace {

/// Encodes pixels as a VAE would whose latents are a linear function of the mean colours of the 8×8 squares.
class LinearVae {
 public:
  explicit LinearVae(double scale = 1.0) {
    at::manual_seed(3);
    mixing_ = at::randn({16, 3}, at::kFloat) * scale;
    bias_ = at::randn({16}, at::kFloat);
  }
  EncodedPixels encode(const at::Tensor& pixels) const {
    const at::Tensor colors = at::avg_pool2d(pixels, {8, 8});
    return {pixels, at::einsum("oc,bchw->bohw", {mixing_, colors}) + bias_.view({1, 16, 1, 1})};
  }

 private:
  at::Tensor mixing_, bias_;
};

int largest_difference(const Image& image, const at::Tensor& colors) {
  int largest = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int expected = static_cast<int>(colors[0][c][y][x].item<double>() * 255.0 + 0.5);
        largest = std::max(largest, std::abs(image.samples[image.index(x, y, c)] - expected));
      }
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("the chart has 64 colours, one for each square") {
  const at::Tensor cells = at::avg_pool2d(color_chart(), {16, 16});
  REQUIRE(cells.sizes() == at::IntArrayRef{1, 3, 8, 8});
  std::set<std::tuple<float, float, float>> colors;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      colors.emplace(cells[0][0][y][x].item<float>(), cells[0][1][y][x].item<float>(), cells[0][2][y][x].item<float>());
    }
  }
  CHECK(colors.size() == 64);
  CHECK(color_chart().min().item<float>() == 0.0F);
  CHECK(color_chart().max().item<float>() == 1.0F);
}

TEST_CASE("latents of any linear VAE are shown in their colours, also in colours that the picture doesn't have") {
  const LinearVae vae;
  const at::Tensor blue = at::tensor({0.1F, 0.2F, 0.9F}).view({1, 3, 1, 1}).expand({1, 3, 64, 48});
  const LatentColors colors(vae.encode(color_chart()), vae.encode(blue));
  at::manual_seed(5);
  const at::Tensor other = at::rand({1, 3, 40, 56}, at::kFloat);
  const Image image = colors(vae.encode(other).latent);
  CHECK(image.width == 7);
  CHECK(image.height == 5);
  CHECK(largest_difference(image, at::avg_pool2d(other, {8, 8})) <= 2);
}

TEST_CASE("what neither the chart nor the picture shows has the published map") {
  // Latents that never change teach nothing but the bias.
  const EncodedPixels nothing{at::full({1, 3, 64, 64}, 0.6), at::zeros({1, 16, 8, 8})};
  const LatentColors colors(nothing, nothing);
  at::Tensor latent = at::zeros({1, 16, 1, 2});
  latent[0][9][0][1] = 2.0;  // channel 9 has 0.1008, 0.0755, -0.0421
  const Image image = colors(latent);
  const auto level = [](double color) { return static_cast<int>((color * 0.5 + 0.5) * 255.0 + 0.5); };
  CHECK(image.samples[0] == level(0.2));
  CHECK(image.samples[3] == level(0.2 + 2 * 0.1008));
  CHECK(image.samples[4] == level(0.2 + 2 * 0.0755));
  CHECK(image.samples[5] == level(0.2 - 2 * 0.0421));
}

TEST_CASE("latents that aren't finite are shown as some colour") {
  const LinearVae vae;
  const LatentColors colors(vae.encode(color_chart()), vae.encode(at::rand({1, 3, 32, 32}, at::kFloat)));
  const Image image = colors(at::full({1, 16, 2, 2}, std::nan("")));
  CHECK(image.samples.size() == 12);
}

}  // namespace zimage

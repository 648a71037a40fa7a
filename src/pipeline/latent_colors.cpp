#include "pipeline/latent_colors.h"

#include <ATen/ATen.h>

#include <vector>

#include "inpaint/pixels.h"
#include "models/vae.h"

namespace zimage {
namespace {

constexpr std::int64_t kChannels = 16;

/// The published map of the Flux VAE, from scaled latents to RGB in [-1, 1], with its bias in the last row. These are
/// the factors with which ComfyUI previews Flux's latents (comfy/latent_formats.py).
constexpr double kFluxMap[kChannels + 1][3] = {
    {-0.0346, 0.0244, 0.0681},  {0.0034, 0.0210, 0.0687},    {0.0275, -0.0668, -0.0433},  {-0.0174, 0.0160, 0.0617},
    {0.0859, 0.0721, 0.0329},   {0.0004, 0.0383, 0.0115},    {0.0405, 0.0861, 0.0915},    {-0.0236, -0.0185, -0.0259},
    {-0.0245, 0.0250, 0.1180},  {0.1008, 0.0755, -0.0421},   {-0.0515, 0.0201, 0.0011},   {0.0428, -0.0012, -0.0036},
    {0.0817, 0.0765, 0.0749},   {-0.1264, -0.0522, -0.1103}, {-0.0280, -0.0881, -0.0499}, {-0.1262, -0.0982, -0.0778},
    {-0.0329, -0.0718, -0.0851}};

/// The weight of the published map beside those of the chart and the picture. Scaled latents have a variance of about
/// 1, so that the map follows them in every direction in which they have at least a tenth of that deviation.
constexpr double kPrior = 0.01;

/// The chart has this many colours a side, in squares of so many pixels.
constexpr std::int64_t kChartSide = 8;
constexpr std::int64_t kChartSquare = 16;

at::Tensor flux_map() { return at::from_blob(const_cast<double*>(&kFluxMap[0][0]), {kChannels + 1, 3}, at::kDouble); }

/// Returns a map of values [1, C, h, w] as [h·w, C] in fp64, on the CPU.
at::Tensor by_cell(const at::Tensor& values) {
  return values.to(at::kCPU, at::kDouble).reshape({values.size(1), -1}).t();
}

/// Returns the cells' values with a 1 behind them, [h·w, 17].
at::Tensor with_one(const at::Tensor& latent) {
  const at::Tensor cells = by_cell(latent);
  return at::cat({cells, at::ones({cells.size(0), 1}, at::kDouble)}, 1);
}

}  // namespace

at::Tensor color_chart() {
  // Every colour of four levels a channel, by its number in base 4.
  const at::Tensor number = at::arange(kChartSide * kChartSide, at::kLong);
  std::vector<at::Tensor> planes;
  for (const std::int64_t place : {1, 4, 16}) {
    planes.push_back(at::remainder(at::floor_divide(number, place), 4).to(at::kFloat) / 3.0);
  }
  return at::stack(planes)
      .reshape({1, 3, kChartSide, kChartSide})
      .repeat_interleave(kChartSquare, 2)
      .repeat_interleave(kChartSquare, 3);
}

LatentColors::LatentColors(const EncodedPixels& chart, const EncodedPixels& picture) {
  // Ridge regression towards the published map: argmin of the mean ‖cells·M − colours‖² of the chart, that of the
  // picture, and kPrior ‖M − published‖². The bias has no prior that counts.
  at::Tensor weights = at::full({kChannels + 1}, kPrior, at::kDouble);
  weights[kChannels] *= 1e-6;
  at::Tensor squares = weights.diag();
  at::Tensor products = squares.matmul(flux_map());
  for (const EncodedPixels* known : {&chart, &picture}) {
    const at::Tensor cells = with_one(known->latent);
    const at::Tensor colors =
        by_cell(at::avg_pool2d(known->pixels, {VAEConfig::kScale, VAEConfig::kScale})) * 2.0 - 1.0;
    const auto count = static_cast<double>(cells.size(0));
    squares = squares + cells.t().matmul(cells) / count;
    products = products + cells.t().matmul(colors) / count;
  }
  map_ = at::linalg_solve(squares, products);
}

Image LatentColors::operator()(const at::Tensor& latent) const {
  const at::Tensor colors = at::nan_to_num(with_one(latent).matmul(map_) * 0.5 + 0.5).clamp(0.0, 1.0);
  return to_image(colors.t().reshape({1, 3, latent.size(2), latent.size(3)}));
}

}  // namespace zimage

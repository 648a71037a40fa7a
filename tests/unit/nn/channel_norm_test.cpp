// Compares the kernels of GroupNorm in strips with their ATen twins, and the whole with ATen's GroupNorm.
#include "nn/channel_norm.h"

#include <ATen/ATen.h>

#include "support/catch.h"

namespace zimage::nn {
namespace {

constexpr double kEps = 1e-6;

double relative_error(const at::Tensor& a, const at::Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

ChannelAffine random_affine(std::int64_t channels) { return {at::randn({channels}), at::randn({channels})}; }

TEST_CASE("norm_into equals its twin in every pair of dtypes") {
  at::manual_seed(1);
  const auto channels = GENERATE(1, 3, 16, 33, 128);
  const bool silu = GENERATE(true, false);
  const ChannelAffine norm = random_affine(channels);
  const at::Tensor x = at::randn({5, 7, channels}) * 4;
  for (const auto& [from, to, limit] :
       {std::tuple(at::kFloat, at::kFloat, 1e-6), std::tuple(at::kBFloat16, at::kFloat, 1e-6),
        std::tuple(at::kBFloat16, at::kBFloat16, 1e-4)}) {
    CAPTURE(channels, silu, from, to);
    const at::Tensor in = x.to(from);
    const at::Tensor ours = at::empty(x.sizes(), at::TensorOptions(to));
    const at::Tensor expected = at::empty_like(ours);
    norm_into(ours, in, norm, silu);
    twin::norm_into(expected, in, norm, silu);
    CHECK(relative_error(ours, expected) < limit);
  }
}

TEST_CASE("SiLU keeps its shape far from zero and rounds to even") {
  const at::Tensor x = at::tensor({-1e4F, -200.0F, -90.0F, -87.0F, -20.0F, -1e-3F, 0.0F, 1e-3F, 20.0F, 90.0F, 1e4F});
  const ChannelAffine same{at::ones({1}), at::zeros({1})};
  const at::Tensor ours = at::empty({11, 1});
  norm_into(ours, x.view({11, 1}), same, true);
  CHECK(at::allclose(ours.flatten(), at::silu(x), 1e-6, 1e-34));
  // 1 + 2⁻⁸ lies between two bf16 numbers, as does 1 + 3 · 2⁻⁸.
  const at::Tensor ties = at::tensor({1.0F + 0x1p-8F, 1.0F + 3 * 0x1p-8F, -1.0F - 0x1p-8F}).view({3, 1});
  const at::Tensor rounded = at::empty({3, 1}, at::kBFloat16);
  norm_into(rounded, at::ones({3, 1}, at::kBFloat16), {at::zeros({1}), ties[0]}, false);
  CHECK(rounded[0].item<float>() == 1.0F);
  norm_into(rounded, at::ones({3, 1}, at::kBFloat16), {at::zeros({1}), ties[1]}, false);
  CHECK(rounded[0].item<float>() == 1.0F + 4 * 0x1p-8F);
  norm_into(rounded, at::ones({3, 1}, at::kBFloat16), {at::zeros({1}), ties[2]}, false);
  CHECK(rounded[0].item<float>() == -1.0F);
}

TEST_CASE("sums over any strips give ATen's GroupNorm of the whole") {
  at::manual_seed(2);
  const double mean = GENERATE(0.0, 30.0);
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16, at::kHalf);  // fp16 has no kernel
  const at::Tensor x = (at::randn({41, 23, 12}) * at::rand({12}) + mean).to(dtype);
  const at::Tensor weight = at::randn({12});
  const at::Tensor bias = at::randn({12});
  const at::Tensor nchw = x.to(at::kDouble).permute({2, 0, 1}).unsqueeze(0);
  const at::Tensor expected = at::group_norm(nchw, 4, weight.to(at::kDouble), bias.to(at::kDouble), kEps);
  for (const std::int64_t strip : {1, 6, 41}) {
    CAPTURE(mean, dtype, strip);
    ChannelSums sums;
    for (std::int64_t i = 0; i < 41; i += strip) sums.add(x.narrow(0, i, std::min<std::int64_t>(strip, 41 - i)));
    const ChannelAffine norm = sums.group_norm(4, weight, bias, kEps);
    const at::Tensor ours = x.to(at::kDouble) * norm.scale + norm.shift;
    CHECK(relative_error(ours.permute({2, 0, 1}).unsqueeze(0), expected) < 2e-5);
  }
}

TEST_CASE("sums equal their twin and don't depend on the number of cells in a block") {
  at::manual_seed(3);
  for (const std::int64_t cells : {1, 255, 256, 257, 1000}) {
    const at::Tensor x = at::randn({cells, 5});
    ChannelSums ours;
    ours.add(x);
    const at::Tensor weight = at::ones({5});
    const at::Tensor variance = x.to(at::kDouble).var(0, /*unbiased=*/false);
    const ChannelAffine norm = ours.group_norm(5, weight, at::zeros({5}), 1e-3);
    CHECK(relative_error(norm.scale, at::rsqrt(variance + 1e-3)) < 1e-6);
    const at::Tensor sums = twin::channel_sums(x);
    CHECK(relative_error(sums[0], x.to(at::kDouble).sum(0)) < 1e-5);
    CHECK(relative_error(sums[1], x.to(at::kDouble).square().sum(0)) < 1e-6);
  }
}

}  // namespace
}  // namespace zimage::nn

// The VAE in strips computes what the whole VAE does.
#include "models/vae_strips.h"

#include <ATen/ATen.h>

#include "models/vae.h"
#include "nn/kernels/kernel_ops.h"
#include "support/catch.h"
#include "support/kernel_checks.h"
#include "support/random_weights.h"

namespace zimage {
namespace {

constexpr std::int64_t kDivisor = 16;

VAEConfig small_config() {
  VAEConfig config;
  config.block_out_channels = {128 / kDivisor, 256 / kDivisor, 512 / kDivisor, 512 / kDivisor};
  config.norm_num_groups = 4;
  return config;
}

VAE small_vae(at::ScalarType dtype) {
  const auto source = test::random_weights(test::smaller_vae(test::diffusers_vae(), kDivisor));
  nn::WeightLoader loader(source, {.dtype = dtype}, nn::WeightLoader::Mode::kLoad);
  VAE vae = VAE::load(loader, small_config());
  REQUIRE(loader.problems().empty());
  return vae;
}

double apart(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return ((a - b).norm() / b.norm()).item<double>();
}

struct Pictures {
  at::Tensor latents, pixels;
};

Pictures pictures(std::int64_t height, std::int64_t width) {
  at::manual_seed(7);
  return {at::randn({1, 16, height, width}) * 0.3, at::rand({1, 3, 8 * height, 8 * width})};
}

TEST_CASE("strips of any height give the whole VAE's pixels and latents") {
  const VAE vae = small_vae(at::kFloat);
  const auto [height, width] = GENERATE(table<std::int64_t, std::int64_t>({{1, 1}, {1, 6}, {5, 1}, {3, 2}, {7, 9}}));
  const Pictures in = pictures(height, width);
  const at::Tensor decoded = vae.decoder.decode(in.latents);
  const at::Tensor encoded = vae.encoder.encode(in.pixels);
  for (const std::int64_t strip : {1, 2, 3, 5, 8, 13, 16, 1000}) {
    CAPTURE(height, width, strip);
    CHECK(apart(vae.decoder.decode(in.latents, strip), decoded) < 1e-5);
    CHECK(apart(vae.encoder.encode(in.pixels, strip), encoded) < 1e-5);
  }
}

TEST_CASE("strips take the portable kernels where there are some, and give the same") {
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  const VAE vae = small_vae(dtype);
  const Pictures in = pictures(7, 9);
  const at::Tensor decoded = vae.decoder.decode(in.latents, 5);
  const at::Tensor encoded = vae.encoder.encode(in.pixels, 5);
  test::CountingLanes executor;
  const nn::kernels::ScopedPortableKernels kernels(executor);
  const double near = dtype == at::kFloat ? 1e-5 : 1e-2;
  CHECK(apart(vae.decoder.decode(in.latents, 5), decoded) < near);
  CHECK(executor.launches["group_norm_parts"] > 10);
  CHECK(executor.launches["group_norm_apply"] > 10);
  executor.launches.clear();
  CHECK(apart(vae.encoder.encode(in.pixels, 5), encoded) < near);
  CHECK(executor.launches["group_norm_parts"] > 10);
  CHECK(executor.launches["group_norm_apply"] > 10);
}

TEST_CASE("the comparison of strips and whole would notice statistics of a strip and a missing halo") {
  const VAE vae = small_vae(at::kFloat);
  const Pictures in = pictures(8, 6);
  const at::Tensor halves = at::cat({vae.decoder.decode(in.latents.narrow(2, 0, 4).contiguous()),
                                     vae.decoder.decode(in.latents.narrow(2, 4, 4).contiguous())},
                                    2);
  CHECK(apart(halves, vae.decoder.decode(in.latents)) > 1e-3);
}

TEST_CASE("an upsampler in strips is the convolution of the doubled map") {
  at::manual_seed(3);
  const std::int64_t height = GENERATE(1, 2, 5);
  const std::int64_t width = GENERATE(1, 4);
  Conv conv{at::randn({6, 4, 3, 3}), at::randn({6}), 1, 1};
  const at::Tensor x = at::randn({1, 4, height, width});
  const at::Tensor expected = conv(at::upsample_nearest2d(x, {2 * height, 2 * width}));
  const strips::Rows in = strips::held(x.squeeze(0).permute({1, 2, 0}).contiguous());
  for (const std::int64_t strip : {1, 2, 3, 7}) {
    CAPTURE(height, width, strip);
    CHECK(apart(strips::as_nchw(strips::upsampled(in, conv, strip).rows), expected) < 1e-6);
    CHECK(apart(strips::as_nchw(strips::upsampled_and_held(in, conv, strip).rows), expected) < 1e-6);
  }
}

TEST_CASE("bf16 in strips is as near to fp32 as bf16 whole") {
  const Pictures in = pictures(6, 5);
  const VAE exact = small_vae(at::kFloat);
  const VAE rounded = small_vae(at::kBFloat16);
  const at::Tensor decoded = exact.decoder.decode(in.latents);
  const at::Tensor encoded = exact.encoder.encode(in.pixels);
  const double decode_error = apart(rounded.decoder.decode(in.latents), decoded);
  const double encode_error = apart(rounded.encoder.encode(in.pixels), encoded);
  CHECK(decode_error > 1e-4);
  CHECK(encode_error > 1e-4);
  for (const std::int64_t strip : {5, 1000}) {
    CHECK(apart(rounded.decoder.decode(in.latents, strip), decoded) < 1.25 * decode_error);
    CHECK(apart(rounded.encoder.encode(in.pixels, strip), encoded) < 1.25 * encode_error);
  }
}

TEST_CASE("bf16 leaves pixels finer than its own steps") {
  const Pictures in = pictures(6, 5);
  const VAE vae = small_vae(at::kBFloat16);
  for (const std::int64_t strip : {0, 16}) {
    const at::Tensor pixels = vae.decoder.decode(in.latents, strip);
    const at::Tensor inner = pixels.masked_select(pixels.gt(0.5).logical_and(pixels.lt(1.0)));
    REQUIRE(inner.numel() > 500);
    const at::Tensor steps = inner * 256.0;  // (x / 2 + 0.5) of a bf16 x from 0.5 on is a multiple of 1/512
    CHECK((steps * 2.0 - (steps * 2.0).round()).abs().max().item<float>() > 0.1);
  }
}

}  // namespace
}  // namespace zimage

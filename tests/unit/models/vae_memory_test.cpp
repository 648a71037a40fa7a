// The estimates of the VAE's memory against what its tensors take, counted.
#include "models/vae_memory.h"

#include <ATen/ATen.h>

#include "models/vae.h"
#include "support/catch.h"
#include "support/counted_allocations.h"
#include "support/random_weights.h"

namespace zimage {
namespace {

constexpr std::int64_t kDivisor = 4;
constexpr double kMB = 1e-6;

VAEConfig config_of(std::int64_t divisor) {
  VAEConfig config;
  config.block_out_channels = {128 / divisor, 256 / divisor, 512 / divisor, 512 / divisor};
  return config;
}

template <class Work>
double counted(Work work) {
  const test::CountedAllocations count;
  work();
  return static_cast<double>(count.peak()) * kMB;
}

TEST_CASE("the estimates are within a tenth of what is counted") {
  const std::int64_t height = 256;
  const std::int64_t width = 320;
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  const auto source = test::random_weights(test::smaller_vae(test::diffusers_vae(), kDivisor));
  nn::WeightLoader loader(source, {.dtype = dtype}, nn::WeightLoader::Mode::kLoad);
  const VAEConfig config = config_of(kDivisor);
  const VAE vae = VAE::load(loader, config);
  const at::Tensor pixels = at::rand({1, 3, height, width});
  const at::Tensor latents = at::randn({1, 16, height / 8, width / 8});
  for (const std::int64_t strip : {0, 4, 16, 50, 256}) {
    CAPTURE(dtype, strip);
    const double encoding = counted([&] { vae.encoder.encode(pixels, strip); });
    const double decoding = counted([&] { vae.decoder.decode(latents, strip); });
    CHECK(static_cast<double>(vae_encode_bytes(config, height, width, dtype, strip)) * kMB ==
          Approx(encoding).epsilon(0.1));
    const double estimate = static_cast<double>(vae_decode_bytes(config, height, width, dtype, strip)) * kMB;
    // With several threads, oneDNN makes one more copy of a whole bf16 map.
    const double copies = dtype == at::kBFloat16 && strip == 0 ? 1.3 : 1.1;
    CHECK(estimate > 0.9 * decoding);
    CHECK(estimate < copies * decoding);
  }
}

TEST_CASE("strips keep the published VAE at 2048² below 2.5 GB in bf16, where the whole needs three times as much") {
  const VAEConfig config = config_of(1);
  const std::int64_t rows = vae_strip_rows(config, 2048, 2048, at::kBFloat16, 2'500'000'000);
  CHECK(rows > 0);
  CHECK(vae_decode_bytes(config, 2048, 2048, at::kBFloat16, rows) < 2'500'000'000);
  CHECK(vae_encode_bytes(config, 2048, 2048, at::kBFloat16, rows) < 2'500'000'000);
  // Two maps of 128 channels are the least that a resnet needs.
  CHECK(vae_decode_bytes(config, 2048, 2048, at::kBFloat16, rows) > 2 * 128 * 2048ULL * 2048 * 2);
  CHECK(vae_decode_bytes(config, 2048, 2048, at::kBFloat16, 0) > 7'500'000'000);
}

TEST_CASE("the height of strips follows the budget") {
  const VAEConfig config = config_of(1);
  const auto rows = [&](std::uint64_t budget) { return vae_strip_rows(config, 1024, 1024, at::kBFloat16, budget); };
  const std::int64_t fast = rows(1'000'000'000'000);
  CHECK(fast == 64);
  const std::uint64_t enough = std::max(vae_encode_bytes(config, 1024, 1024, at::kBFloat16, fast),
                                        vae_decode_bytes(config, 1024, 1024, at::kBFloat16, fast));
  CHECK(rows(enough) == fast);
  CHECK(rows(enough - 1) < fast);
  CHECK(rows(0) == 1);
  CHECK(vae_decode_bytes(config, 1024, 1024, at::kBFloat16, 1) <
        vae_decode_bytes(config, 1024, 1024, at::kBFloat16, 8));
}

}  // namespace
}  // namespace zimage

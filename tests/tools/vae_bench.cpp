// Encodes or decodes with random weights of the published shape, and prints the time and the memory that it took above
// the weights.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "models/vae.h"
#include "models/vae_memory.h"
#include "support/counted_allocations.h"
#include "support/random_weights.h"

namespace {

/// Returns a value of this process's memory in MB: VmRSS or VmHWM, the most that VmRSS was.
double memory_mb(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double kib = 0.0;
    if (word == name + ":" && file >> kib) return kib * 1024e-6;
  }
  return 0.0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

zimage::VAE random_vae(at::ScalarType dtype, const zimage::VAEConfig& config) {
  const auto source = zimage::test::random_weights(zimage::test::diffusers_vae());
  zimage::nn::WeightLoader loader(source, {.dtype = dtype}, zimage::nn::WeightLoader::Mode::kLoad);
  return zimage::VAE::load(loader, config);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: vae_bench encode|decode fp32|bf16 HEIGHT WIDTH STRIP_ROWS|0 THREADS REPETITIONS\n");
    return 2;
  }
  const c10::InferenceMode guard;
  const bool encode = std::string(argv[1]) == "encode";
  const at::ScalarType dtype = std::string(argv[2]) == "bf16" ? at::kBFloat16 : at::kFloat;
  const std::int64_t height = std::atoi(argv[3]);
  const std::int64_t width = std::atoi(argv[4]);
  const std::int64_t strip = std::atoi(argv[5]);
  at::set_num_threads(std::atoi(argv[6]));
  zimage::VAEConfig config;
  config.block_out_channels = {128, 256, 512, 512};
  const zimage::VAE vae = random_vae(dtype, config);
  const at::Tensor input =
      encode ? at::rand({1, 3, height, width}) : at::randn({1, config.latent_channels, height / 8, width / 8});
  const auto run = [&](const at::Tensor& in) {
    return encode ? vae.encoder.encode(in, strip) : vae.decoder.decode(in, strip);
  };
  run(input.slice(2, 0, 64).slice(3, 0, 64).contiguous());  // libtorch makes what it keeps
  const double before = memory_mb("VmRSS");
  forget_peak();
  double best = 1e9;
  const zimage::test::CountedAllocations counted;
  for (int i = 0; i < std::max(1, std::atoi(argv[7])); ++i) {
    const auto start = std::chrono::steady_clock::now();
    run(input);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const auto estimate =
      (encode ? zimage::vae_encode_bytes : zimage::vae_decode_bytes)(config, height, width, dtype, strip);
  std::printf("%s %s %ldx%ld strip %ld: %.2f s, %.0f MB above %.0f MB (tensors %.0f MB, estimate %.0f MB)\n", argv[1],
              argv[2], static_cast<long>(width), static_cast<long>(height), static_cast<long>(strip), best,
              memory_mb("VmHWM") - before, before, static_cast<double>(counted.peak()) * 1e-6,
              static_cast<double>(estimate) * 1e-6);
  return 0;
}

// Loads a folder with the published model's shapes part by part, as the pipeline does where the parts don't fit into
// memory together: every weight object is built and every byte read once; then one text layer and one DiT block run.
// Prints a line per part, and last the peak memory; exits 1 above the limit. Used by scripts/check_true_shapes.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "nn/rope.h"
#include "weights/model_files.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace {

using zimage::nn::WeightLoader;

double peak_gib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1024.0 * 1024.0);
}

zimage::ConfigText config_of(const zimage::ComponentFiles& files) { return {files.config_path.string(), files.config}; }

template <class Part, class Config>
void load(const char* what, const zimage::WeightSource& source, const Config& config) {
  const auto start = std::chrono::steady_clock::now();
  WeightLoader loader(source, {}, WeightLoader::Mode::kLoad);
  const Part part = Part::load(loader, config);
  const auto problems = loader.problems();
  if (!problems.empty()) throw zimage::Error(zimage::ErrorCode::kModel, problems.summary(20));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%s: %.3f billion parameters loaded in %.1f s, peak memory so far %.2f GiB\n", what,
              static_cast<double>(loader.parameters()) * 1e-9, elapsed.count(), peak_gib());
  std::fflush(stdout);
}

/// Runs the text encoder's first layer: the config claims two, and the last layer is never loaded.
void run_text_layer(const zimage::WeightSource& source, zimage::TextEncoderConfig config) {
  config.num_hidden_layers = 2;
  WeightLoader loader(source, {}, WeightLoader::Mode::kLoad);
  const auto embeds = zimage::TextEncoder::load(loader, config).forward({0, 1, 2, 3, 4, 5, 6, 7});
  if (embeds.size(2) != config.hidden_size) throw zimage::Error(zimage::ErrorCode::kModel, "text layer: wrong width");
  std::printf("one text layer: [1, %ld, %ld]\n", static_cast<long>(embeds.size(1)), static_cast<long>(embeds.size(2)));
}

/// Runs one main block on the tokens of a 512×512 picture and a short caption.
void run_dit_block(const zimage::WeightSource& source, const zimage::DiTConfig& config) {
  WeightLoader loader(source, {}, WeightLoader::Mode::kLoad);
  const auto block = zimage::DiTBlock::load(loader, "layers.0", config, /*modulated=*/true);
  const auto rope = zimage::nn::rope_table(config.rope, zimage::nn::grid_positions(33, 33, 32));
  const auto modulation = block.modulate(at::ones({1, config.adaln_dim}));
  const auto x = block.forward(at::ones({1, rope.size(0), config.dim}), rope, modulation);
  if (!x.isfinite().all().item<bool>()) throw zimage::Error(zimage::ErrorCode::kModel, "DiT block: not finite");
  std::printf("one DiT block: [1, %ld, %ld]\n", static_cast<long>(x.size(1)), static_cast<long>(x.size(2)));
}

void check(const std::filesystem::path& folder) {
  zimage::ModelPaths paths;
  paths.model = folder;
  const auto files = zimage::find_model(paths);
  const auto text = zimage::open_part(files.text_encoder.weights, zimage::Part::kTextEncoder).weights;
  const auto text_config = zimage::TextEncoderConfig::detect(*text, config_of(files.text_encoder));
  load<zimage::TextEncoder>("text encoder", *text, text_config);
  run_text_layer(*text, text_config);
  const auto vae = zimage::open_part(files.vae.weights, zimage::Part::kVAE).weights;
  load<zimage::VAE>("VAE", *vae, zimage::VAEConfig::detect(*vae, config_of(files.vae)));
  const auto dit = zimage::open_part(files.dit.weights, zimage::Part::kDiT).weights;
  const auto dit_config = zimage::DiTConfig::detect(*dit, config_of(files.dit));
  load<zimage::DiT>("DiT", *dit, dit_config);
  run_dit_block(*dit, dit_config);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: load_true_shapes FOLDER LIMIT_GIB\n");
    return 2;
  }
  const c10::InferenceMode guard;
  try {
    check(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
  std::printf("peak memory %.2f GiB, limit %s GiB\n", peak_gib(), argv[2]);
  return peak_gib() <= std::atof(argv[2]) ? 0 : 1;
}

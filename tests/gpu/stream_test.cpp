// Streams a model's layers through slots on a CUDA device.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <fstream>
#include <sstream>

#include "models/dit.h"
#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage {
namespace {

TEST_CASE("a streamed forward on CUDA equals a resident one to the bit, and copies beside the work") {
  const c10::InferenceMode guard;
  const std::filesystem::path folder =
      std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures" / "models" / "a" / "transformer";
  const auto source = open_part(folder, Part::kDiT).weights;
  std::ifstream file(folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  const DiTConfig config = DiTConfig::detect(*source, {folder.string(), text.str()});
  const auto load = [&](std::int64_t resident, at::ScalarType dtype) {
    nn::Placement placement{.device = {at::kCUDA, 0}, .dtype = dtype};
    placement.resident_layers = resident;
    nn::WeightLoader weights(*source, placement, nn::WeightLoader::Mode::kLoad);
    return DiT::load(weights, config);
  };
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  const at::Tensor latents = at::randn({1, config.in_channels, 32, 32});
  const at::Tensor prompt = at::randn({1, 40, config.cap_feat_dim});
  const auto output = [&](const DiT& dit, float timestep) {
    return dit.forward(latents, timestep, dit.prepare(prompt, 32, 32));
  };
  const DiT resident = load(config.n_layers, dtype);
  for (std::int64_t kept = 0; kept < config.n_layers; ++kept) {
    const DiT streamed = load(kept, dtype);
    for (const float timestep : {0.1F, 0.5F, 0.9F}) {
      CHECK(at::equal(output(streamed, timestep), output(resident, timestep)));
    }
  }
}

}  // namespace
}  // namespace zimage

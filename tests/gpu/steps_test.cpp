// The steps of a picture on a CUDA device.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <fstream>
#include <sstream>

#include "models/dit.h"
#include "pipeline/step_progress.h"
#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage {
namespace {

const at::Device kDevice(at::kCUDA, 0);

TEST_CASE("steps that were prepared together on CUDA are those that are computed one by one, streamed layers too") {
  const c10::InferenceMode guard;
  const std::filesystem::path folder =
      std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures" / "models" / "a" / "transformer";
  const auto source = open_part(folder, Part::kDiT).weights;
  std::ifstream file(folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  const DiTConfig config = DiTConfig::detect(*source, {folder.string(), text.str()});
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  const auto load = [&](std::int64_t resident) {
    nn::Placement placement{.device = kDevice, .dtype = dtype};
    placement.resident_layers = resident;
    nn::WeightLoader weights(*source, placement, nn::WeightLoader::Mode::kLoad);
    return DiT::load(weights, config);
  };
  at::manual_seed(1);
  const at::Tensor latents = at::randn({1, config.in_channels, 32, 32}).to(kDevice);
  const at::Tensor prompt = at::randn({1, 40, config.cap_feat_dim});
  const DiT resident = load(config.n_layers);
  const DiT streamed = load(0);
  DiTSteps steps = resident.prepare_steps({0.1F, 0.5F, 0.9F}, 3);
  DiTSteps streamed_steps = streamed.prepare_steps({0.1F, 0.5F, 0.9F}, 3);
  REQUIRE(steps.t_emb.defined());
  for (const float timestep : {0.1F, 0.5F, 0.9F}) {
    const auto output = [&](const DiT& dit, DiTSteps* prepared) {
      return dit.forward(latents, timestep, dit.prepare(prompt, 32, 32), nullptr, prepared);
    };
    const at::Tensor alone = output(resident, nullptr);
    CHECK(alone.is_cuda());
    const at::Tensor together = output(resident, &steps);
    CHECK(((together - alone).norm() / alone.norm()).item<double>() < (dtype == at::kFloat ? 1e-5 : 2e-2));
    CHECK(at::equal(output(streamed, &streamed_steps), together));
  }
}

TEST_CASE("steps on CUDA are reported once each, and all by the end") {
  int done = 0;
  StepProgress progress(step_marks(kDevice), [&] { ++done; });
  at::Tensor x = at::ones({1024, 1024}, at::TensorOptions(kDevice));
  for (int step = 0; step < 4; ++step) {
    x = at::mm(x, x) * 1e-3;
    progress.started();
    CHECK(done == step);
  }
  progress.finish();
  CHECK(done == 4);
  wait_for(kDevice);
}

}  // namespace
}  // namespace zimage

// A whole forward through the portable kernels beside one without them.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/dit.h"
#include "nn/kernels/kernel_ops.h"
#include "support/catch.h"
#include "support/kernel_checks.h"
#include "weights/open_weights.h"

namespace zimage {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures" / "models" / "a" / "transformer";

ConfigText config_text() {
  std::ifstream file(kFolder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  return {(kFolder / "config.json").string(), text.str()};
}

TEST_CASE("a DiT's forward through the portable kernels is the one without them", "[kernels]") {
  const c10::InferenceMode guard;
  at::manual_seed(5);
  const auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  const auto source = open_part(kFolder, Part::kDiT).weights;
  const DiTConfig config = DiTConfig::detect(*source, config_text());
  nn::WeightLoader weights(*source, {.dtype = dtype}, nn::WeightLoader::Mode::kLoad);
  const DiT dit = DiT::load(weights, config);
  REQUIRE(weights.problems().summary(5) == "");
  const at::Tensor latents = at::randn({1, config.in_channels, 8, 12});
  const at::Tensor prompt = at::randn({1, 20, config.cap_feat_dim});
  const auto forward = [&] { return dit.forward(latents, 0.5F, dit.prepare(prompt, 8, 12)).to(at::kFloat); };
  const at::Tensor without = forward();
  test::CountingLanes executor;
  at::Tensor with;
  {
    const nn::kernels::ScopedPortableKernels portable(executor);
    with = forward();
  }
  for (const char* kernel : {"norm", "norm_rope", "add_gated_norm", "swiglu", "layer_norm"}) {
    INFO(kernel);
    CHECK(executor.launches[kernel] > 0);
  }
  const double error = ((with - without).norm() / without.norm()).item<double>();
  INFO("relative difference " << error);
  CHECK(error < (dtype == at::kFloat ? 2e-6 : 1e-2));
}

}  // namespace
}  // namespace zimage

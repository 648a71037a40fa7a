// Whole pictures, prompt to pixels, against the reference pipeline in Python.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "conditioning/mask.h"
#include "io/checkpoint.h"
#include "io/image_file.h"
#include "parity/dtype_bounds.h"
#include "parity/reference.h"
#include "pipeline/inpaint.h"
#include "support/catch.h"

namespace zimage::test {
namespace {

constexpr double kLimit = 1e-5;

Request request_of(const nlohmann::json& c, const std::filesystem::path& folder) {
  const std::string name = c["name"];
  Request request;
  request.image = io::read_image(folder / (name + "-image.png")).image;
  request.mask = mask_from_image(io::read_image(folder / (name + "-mask.png")).image, 0.5, false);
  request.prompt = c["prompt"];
  request.negative_prompt = c["negative_prompt"];
  request.steps = c["steps"];
  request.shift = c["shift"];
  request.strength = c["strength"];
  request.guidance_scale = c["guidance_scale"];
  request.seed = c["seed"];
  request.sampler = c["sampler"] == "euler" ? SamplerKind::kEuler : SamplerKind::kResMultistep;
  request.composite = false;
  return request;
}

TEST_CASE("whole pictures agree with the reference pipeline", "[parity]") {
  const c10::InferenceMode guard;
  const auto folder = fixtures() / "pictures";
  const auto cases = read_json(folder / "cases.json")["cases"];
  REQUIRE(cases.size() >= 16);
  Agreement agreement("denoised predictions");
  Observer observer;
  std::map<std::string, std::unique_ptr<InpaintPipeline>> pipelines;
  for (const auto& c : cases) {
    const std::string name = c["name"];
    const std::string model = c["model"];
    CAPTURE(name, model);
    auto& pipeline = pipelines[model];
    if (!pipeline) {
      ModelPaths paths;
      paths.model = fixtures() / "models" / model;
      pipeline = std::make_unique<InpaintPipeline>(paths, ComputeOptions{"cpu", "fp32", 0});
    }
    const TapRecorder taps;
    const Result result = pipeline->run(request_of(c, folder), observer);
    const auto reference = io::open_checkpoint(folder / (name + ".safetensors"));
    CHECK(at::equal(taps.last("pipeline.noise"), reference->tensor("noise")));
    CHECK(at::equal(taps.last("pipeline.mask"), reference->tensor("latent_mask")));
    CHECK(result.prompt_tokens == c["prompt_tokens"].get<std::int64_t>());
    REQUIRE(result.steps == c["forwards"].get<int>());
    agreement.compare(name + " latent", taps.last("pipeline.latent"), reference->tensor("latent"));
    const auto& denoised = taps.all("pipeline.denoised");
    for (int step = 0; step < result.steps; ++step) {
      const std::string key = "denoised." + std::to_string(step);
      agreement.compare(name + " " + key, denoised.at(static_cast<std::size_t>(step)), reference->tensor(key));
    }
    agreement.compare(name + " latents", taps.last("pipeline.latents"), reference->tensor("latents"));
    const Image expected = io::read_image(folder / (name + "-expected.png")).image;
    REQUIRE(result.image.width == expected.width);
    CHECK(share_within(result.image, expected, 1) >= 0.999);
  }
  agreement.check(kLimit);
}

}  // namespace
}  // namespace zimage::test

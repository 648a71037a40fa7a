// Compares ControlNets of every published design with the trainer's code.
#include "models/controlnet.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "parity/reference.h"
#include "support/catch.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage::test {
namespace {

constexpr double kLimit = 1e-5;

struct Expected {
  const char* name;
  const char* version;
  double scale;
};

const char* refiner_name(ControlNetConfig::Refiner refiner) {
  switch (refiner) {
    case ControlNetConfig::Refiner::kPlain: return "plain";
    case ControlNetConfig::Refiner::kControlLayers: return "control_layers";
    case ControlNetConfig::Refiner::kControlNoiseRefiner: return "control_noise_refiner";
  }
  return "";
}

TEST_CASE("ControlNets agree with the trainer's code at every hint", "[parity]") {
  const c10::InferenceMode guard;
  const bool packed = GENERATE(false, true);
  const Expected expected = GENERATE(Expected{"v1", "1", 0.75}, Expected{"v20", "2.0", 0.75},
                                     Expected{"v20_absent", "2.0", 0.75}, Expected{"v21", "2.1", 0.75},
                                     Expected{"lite", "2.1-lite", 0.90}, Expected{"v21_places", "2.1-lite", 0.90});
  CAPTURE(expected.name, packed);
  const auto folder = fixtures() / "controlnets" / expected.name;
  const auto reference = open_weights(folder / "reference.safetensors").weights;
  const auto about = read_json(folder / "reference.json");
  const auto base_folder = fixtures() / about["base"].get<std::string>() / "transformer";
  const auto base_source = open_part(base_folder, Part::kDiT).weights;
  const auto base_config = DiTConfig::detect(*base_source, config_of(base_folder));
  const auto dit = load_part<DiT>(*base_source, packed, base_config);
  const auto source = open_part(folder / "controlnet.safetensors", Part::kControlNet).weights;
  const auto config = ControlNetConfig::detect(*source, config_of(folder), base_config);
  CHECK(config.version() == std::string(expected.version));
  CHECK(config.default_scale() == expected.scale);
  CHECK(config.channels == about["channels"].get<std::int64_t>());
  CHECK(config.layer_places == about["control_layers_places"].get<std::vector<std::int64_t>>());
  CHECK(refiner_name(config.refiner) == about["refiner"].get<std::string>());

  const auto net = load_part<ControlNet>(*source, packed, config, base_config);
  Agreement agreement(expected.name);
  for (const auto& call : about["calls"]) {
    const TapRecorder taps;
    const std::string name = call["name"];
    const at::Tensor latents = reference->stored(name + ".latents").data;
    const auto prompt = reference->stored("prompt_embeds").data.slice(1, 0, call["prompt_tokens"].get<std::int64_t>());
    const DiTContext context = dit.prepare(prompt, latents.size(2), latents.size(3));
    const ControlContext control =
        net.prepare(reference->stored(name + ".control_context").data, dit.x_pad_token(), call["scale"]);
    ControlPass hints(net, control);
    const at::Tensor output = dit.forward(latents, call["timestep"].get<float>(), context, &hints);
    agreement.compare(name, output, reference->stored(name + ".output").data);
    for (const std::string tap : call["taps"]) {
      agreement.compare(name + " " + tap, taps.last(tap), reference->stored(name + ".taps." + tap).data);
    }
    if (call["scale"] == 0) {
      CHECK(at::equal(output, dit.forward(latents, call["timestep"].get<float>(), context)));
    }
  }
  agreement.check(kLimit);
}

TEST_CASE("a file that is no ControlNet of this model is refused, and the error says what it is", "[parity]") {
  const auto base_folder = fixtures() / "models" / "a" / "transformer";
  const auto base = open_part(base_folder, Part::kDiT).weights;
  const auto base_config = DiTConfig::detect(*base, config_of(base_folder));
  const auto refusal = [&](const std::filesystem::path& path) -> std::string {
    try {
      ControlNetConfig::detect(*open_part(path, Part::kControlNet).weights, {}, base_config);
    } catch (const Error& e) {
      CHECK(e.code() == ErrorCode::kModel);
      return e.message();
    }
    return "not refused";
  };
  CHECK(refusal(base_folder).find("a Z-Image DiT") != std::string::npos);
  CHECK(refusal(fixtures() / "models" / "a" / "vae").find("a VAE") != std::string::npos);
  // Two control layers don't divide three base layers.
  CHECK(refusal(fixtures() / "controlnets" / "v20_absent" / "controlnet.safetensors").find("evenly") !=
        std::string::npos);
}

}  // namespace
}  // namespace zimage::test

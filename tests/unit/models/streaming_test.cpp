// Models whose layers don't all stay in memory: each forward equals that of the resident model to the bit.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "nn/int8/int8_product.h"
#include "support/catch.h"
#include "support/recording_source.h"
#include "weights/open_weights.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

using test::RecordingSource;

const fs::path kFixtures = fs::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures";

std::shared_ptr<RecordingSource> open(const fs::path& path, Part part) {
  return std::make_shared<RecordingSource>(open_part(kFixtures / path, part).weights);
}

ConfigText config_of(const fs::path& folder) {
  std::ifstream file(kFixtures / folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  return {(folder / "config.json").string(), text.str()};
}

template <class Model, class... Configs>
Model load(const WeightSource& source, nn::Placement placement, std::int64_t resident, const Configs&... configs) {
  placement.resident_layers = resident;
  nn::WeightLoader weights(source, placement, nn::WeightLoader::Mode::kLoad);
  Model model = Model::load(weights, configs...);
  CHECK(weights.problems().summary(5) == "");
  return model;
}

/// Returns the names of a group's layers from `first` on, each once.
std::set<std::string> layer_names(const WeightSource& source, const std::string& group, std::int64_t first,
                                  std::int64_t end) {
  std::set<std::string> names;
  for (std::int64_t i = first; i < end; ++i) {
    for (const std::string& name : source.names()) {
      if (name.starts_with(group + "." + std::to_string(i) + ".")) names.insert(name);
    }
  }
  return names;
}

std::set<std::string> set_of(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

/// Two pictures' worth of a DiT's inputs.
struct Inputs {
  explicit Inputs(const DiTConfig& config)
      : latents(at::randn({1, config.in_channels, 8, 12})),
        prompt(at::randn({1, 20, config.cap_feat_dim})),
        other(at::randn({1, 9, config.cap_feat_dim})) {}
  at::Tensor latents, prompt, other;
};

TEST_CASE("a streamed DiT computes what a resident one does, with guidance too") {
  const c10::InferenceMode guard;
  at::manual_seed(3);
  const auto source = open("models/a/transformer", Part::kDiT);
  const DiTConfig config = DiTConfig::detect(*source, config_of("models/a/transformer"));
  REQUIRE(config.n_layers == 3);
  const Inputs in(config);
  const auto resident = load<DiT>(*source, {}, config.n_layers, config);
  const std::int64_t kept = GENERATE(0, 1, 2);
  source->released.clear();
  const auto streamed = load<DiT>(*source, {}, kept, config);
  CHECK(set_of(source->released) == layer_names(*source, "layers", kept, config.n_layers));
  source->released.clear();
  for (const float timestep : {0.1F, 0.7F}) {
    for (const at::Tensor& prompt : {in.prompt, in.other}) {
      const auto output = [&](const DiT& dit) {
        return dit.forward(in.latents, timestep, dit.prepare(prompt, in.latents.size(2), in.latents.size(3)));
      };
      CHECK(at::equal(output(streamed), output(resident)));
    }
  }
  streamed.rest();
  const auto names = layer_names(*source, "layers", kept, config.n_layers);
  CHECK(set_of(source->released) == names);
  CHECK(set_of(source->read) == names);
}

TEST_CASE("a DiT that multiplies in int8 computes the same when it is streamed") {
  if (!nn::int8_available()) {
    WARN("this processor doesn't multiply int8, so nothing was compared");
    return;
  }
  const c10::InferenceMode guard;
  const std::string folder = GENERATE("models/a/transformer", "models/c/transformer");
  const auto source = open(folder, Part::kDiT);
  const DiTConfig config = DiTConfig::detect(*source, config_of(folder));
  const Inputs in(config);
  const auto output = [&](const DiT& dit) {
    return dit.forward(in.latents, 0.3F, dit.prepare(in.prompt, in.latents.size(2), in.latents.size(3)));
  };
  nn::Placement int8;
  int8.int8 = true;
  const at::Tensor expected = output(load<DiT>(*source, int8, config.n_layers, config));
  CHECK_FALSE(at::equal(output(load<DiT>(*source, {}, config.n_layers, config)), expected));
  CHECK(at::equal(output(load<DiT>(*source, int8, 0, config)), expected));
  CHECK(at::equal(output(load<DiT>(*source, int8, 1, config)), expected));
}

TEST_CASE("a DiT that multiplies in fp8 computes the same when it is streamed") {
  const c10::InferenceMode guard;
  const auto source = open("models/b/transformer", Part::kDiT);
  const DiTConfig config = DiTConfig::detect(*source, config_of("models/b/transformer"));
  const Inputs in(config);
  const auto output = [&](const DiT& dit) {
    return dit.forward(in.latents, 0.3F, dit.prepare(in.prompt, in.latents.size(2), in.latents.size(3)));
  };
  nn::Placement fp8;
  fp8.fp8 = true;
  const at::Tensor expected = output(load<DiT>(*source, fp8, config.n_layers, config));
  const at::Tensor plain = output(load<DiT>(*source, {}, config.n_layers, config));
  CHECK_FALSE(at::equal(plain, expected));
  CHECK(((plain - expected).norm() / plain.norm()).item<double>() < 0.1);
  CHECK(at::equal(output(load<DiT>(*source, fp8, 0, config)), expected));
  CHECK(at::equal(output(load<DiT>(*source, fp8, 1, config)), expected));
}

TEST_CASE("a DiT that is stored in another dtype is streamed as it is stored") {
  const c10::InferenceMode guard;
  const auto source = open("models/c/transformer", Part::kDiT);
  const DiTConfig config = DiTConfig::detect(*source, config_of("models/c/transformer"));
  const Inputs in(config);
  const auto output = [&](const DiT& dit) {
    return dit.forward(in.latents, 0.3F, dit.prepare(in.prompt, in.latents.size(2), in.latents.size(3)));
  };
  const at::Tensor expected = output(load<DiT>(*source, {}, config.n_layers, config));
  CHECK(at::allclose(output(load<DiT>(*source, {}, 0, config)), expected, 1e-4, 1e-5));
  nn::Placement as_stored;
  as_stored.as_stored = true;
  source->released.clear();
  CHECK(at::allclose(output(load<DiT>(*source, as_stored, config.n_layers, config)), expected, 1e-4, 1e-5));
  // Nothing but norms, biases and pad tokens became a copy.
  CHECK_FALSE(source->released.empty());
  for (const std::string& name : source->released) {
    CAPTURE(name);
    CHECK((source->find(name)->shape.size() == 1 || name.ends_with("pad_token")));
  }
}

TEST_CASE("a streamed ControlNet gives the same hints, also where its layers serve as the refiner") {
  const c10::InferenceMode guard;
  at::manual_seed(5);
  const auto [name, base] = GENERATE(table<std::string, std::string>(
      {{"v1", "models/a/transformer"}, {"v20", "models/a/transformer"}, {"v21", "controlnets/base/transformer"}}));
  CAPTURE(name);
  const auto base_source = open(base, Part::kDiT);
  const DiTConfig base_config = DiTConfig::detect(*base_source, config_of(base));
  const auto source = open(fs::path("controlnets") / name / "controlnet.safetensors", Part::kControlNet);
  const auto config = ControlNetConfig::detect(*source, config_of(fs::path("controlnets") / name), base_config);
  const auto layers = static_cast<std::int64_t>(config.layer_places.size());
  const Inputs in(base_config);
  const at::Tensor control = at::randn({1, config.channels, 8, 12});
  const auto output = [&](const DiT& dit, const ControlNet& net) {
    const auto context = dit.prepare(in.prompt, in.latents.size(2), in.latents.size(3));
    const auto prepared = net.prepare(control, dit.x_pad_token(), 0.8);
    ControlPass hints(net, prepared);
    return dit.forward(in.latents, 0.4F, context, &hints);
  };
  const auto dit = load<DiT>(*base_source, {}, base_config.n_layers, base_config);
  const at::Tensor expected = output(dit, load<ControlNet>(*source, {}, layers, config, base_config));
  const auto streamed_dit = load<DiT>(*base_source, {}, 0, base_config);
  for (std::int64_t kept = 0; kept < layers; ++kept) {
    const auto net = load<ControlNet>(*source, {}, kept, config, base_config);
    source->released.clear();
    CHECK(at::equal(output(streamed_dit, net), expected));
    CHECK(at::equal(output(dit, net), expected));
    net.rest();
    CHECK(set_of(source->released) == layer_names(*source, "control_layers", kept, layers));
  }
}

TEST_CASE("a streamed text encoder reads each layer once a prompt, and lets go of it") {
  const c10::InferenceMode guard;
  const auto source = open("models/a/text_encoder", Part::kTextEncoder);
  const auto config = TextEncoderConfig::detect(*source, config_of("models/a/text_encoder"));
  const std::vector<std::int64_t> ids = {1, 5, 2, 7, 3};
  const std::int64_t layers = config.num_hidden_layers - 1;
  const auto resident = load<TextEncoder>(*source, {}, layers, config);
  const at::Tensor expected = resident.forward(ids);
  for (std::int64_t kept = 0; kept < layers; ++kept) {
    const auto streamed = load<TextEncoder>(*source, {}, kept, config);
    const auto names = layer_names(*source, "layers", kept, layers);
    for (int prompt = 0; prompt < 2; ++prompt) {
      source->released.clear();
      source->read.clear();
      CHECK(at::equal(streamed.forward(ids), expected));
      CHECK(set_of(source->released) == names);
      CHECK(source->read.size() == names.size());
    }
  }
}

}  // namespace
}  // namespace zimage

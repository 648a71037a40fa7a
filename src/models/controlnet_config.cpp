#include "models/controlnet_config.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "models/shape_probe.h"
#include "nn/quantised/dequantise.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::int64_t kMaxLayers = 1000;
constexpr const char* kEmbedder = "control_all_x_embedder.2-1.weight";

[[noreturn]] void refuse(const WeightSource& weights, const std::string& why) {
  throw Error(ErrorCode::kModel, weights.description() + " is not a Z-Image ControlNet: " + why,
              "README.md, \"Get the model\", names the files");
}

bool all_zero(const WeightSource& weights, const std::string& name) {
  const at::Tensor values = nn::dequantise(weights.stored(name), at::kFloat);
  const bool zero = values.numel() == 0 || !values.any().item<bool>();
  weights.release(name);
  return zero;
}

/// Returns whether the file has trained refiner blocks: in version 2.0 they are untrained or missing.
bool has_trained_refiner(const WeightSource& weights, std::int64_t blocks) {
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::string name = "control_noise_refiner." + std::to_string(i) + ".after_proj.weight";
    const WeightInfo* info = weights.find(name);
    if (info != nullptr && info->problem.empty() && !all_zero(weights, name)) return true;
  }
  return false;
}

std::vector<std::int64_t> first_numbers(std::int64_t count, std::int64_t stride) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) places[static_cast<std::size_t>(i)] = i * stride;
  return places;
}

/// Applies config.json. diffusers' dialect names the refiner, the trainer's has two booleans; both may be absent.
void apply_config(ControlNetConfig& c, const ConfigReader& json) {
  using Refiner = ControlNetConfig::Refiner;
  c.channels = json.integer("control_in_dim", 1, 1024).value_or(c.channels);
  if (auto places = json.integers("control_layers_places", 0, kMaxLayers)) c.layer_places = *places;
  if (auto places = json.integers("control_refiner_layers_places", 0, kMaxLayers)) c.refiner_places = *places;
  if (json.is_string("add_control_noise_refiner")) {
    const std::string kind = *json.string("add_control_noise_refiner");
    if (kind != "control_layers" && kind != "control_noise_refiner") {
      json.fail("'add_control_noise_refiner' must be control_layers, control_noise_refiner or null");
    }
    c.refiner = kind == "control_layers" ? Refiner::kControlLayers : Refiner::kControlNoiseRefiner;
  } else if (const auto added = json.boolean("add_control_noise_refiner")) {
    const bool correctly = json.boolean("add_control_noise_refiner_correctly").value_or(false);
    c.refiner = !*added ? Refiner::kPlain : correctly ? Refiner::kControlNoiseRefiner : Refiner::kControlLayers;
  }
}

bool ascending_below(const std::vector<std::int64_t>& places, std::int64_t limit) {
  const bool ascending = std::adjacent_find(places.begin(), places.end(), std::greater_equal<>()) == places.end();
  return ascending && (places.empty() || (places.front() >= 0 && places.back() < limit));
}

}  // namespace

const char* ControlNetConfig::version() const {
  if (refiner == Refiner::kPlain) return "1";
  if (refiner == Refiner::kControlLayers) return "2.0";
  return lite ? "2.1-lite" : "2.1";
}

double ControlNetConfig::default_scale() const {
  return refiner == Refiner::kControlNoiseRefiner && lite ? 0.90 : 0.75;
}

ControlNetConfig ControlNetConfig::detect(const WeightSource& weights, const ConfigText& config,
                                          const DiTConfig& base) {
  const ShapeProbe probe(weights);
  if (weights.find(kEmbedder) == nullptr) refuse(weights, concat({"it has no ", kEmbedder}));
  constexpr std::int64_t kCells = DiTConfig::kPatch * DiTConfig::kPatch;
  ControlNetConfig c;
  c.channels = probe.size(kEmbedder, 1) / kCells;
  const std::int64_t layers = probe.count("control_layers.");
  if (layers < 1) refuse(weights, "it has no control_layers");
  const std::int64_t refiner_blocks = probe.count("control_noise_refiner.");
  if (c.channels == kControlChannels) {
    c.refiner = Refiner::kPlain;
  } else {
    c.refiner = has_trained_refiner(weights, refiner_blocks) ? Refiner::kControlNoiseRefiner : Refiner::kControlLayers;
  }
  if (base.n_layers % layers == 0) c.layer_places = first_numbers(layers, base.n_layers / layers);
  c.refiner_places = first_numbers(base.n_refiner_layers, 1);
  c.lite = layers * 2 < base.n_layers;  // on 30 layers, 2.1 has 15 control layers and lite 3
  const ConfigReader json(config.json.empty() ? ConfigText{weights.description(), ""} : config);
  apply_config(c, json);

  if (c.channels != kControlChannels && c.channels != kInpaintChannels) {
    refuse(weights,
           "its control context has " + std::to_string(c.channels) + " channels; the published ones have 16 or 33");
  }
  if ((c.refiner == Refiner::kPlain) != (c.channels == kControlChannels)) {
    json.fail("the refiner it names does not match " + std::to_string(c.channels) + " channels");
  }
  if (c.layer_places.empty()) {
    refuse(weights, "its " + std::to_string(layers) + " control layers don't divide the model's " +
                        std::to_string(base.n_layers) + " layers evenly");
  }
  if (static_cast<std::int64_t>(c.layer_places.size()) != layers || c.layer_places.front() != 0 ||
      !ascending_below(c.layer_places, base.n_layers)) {
    json.fail("'control_layers_places' must be " + std::to_string(layers) + " ascending layers, the first 0");
  }
  if (!ascending_below(c.refiner_places, base.n_refiner_layers)) {
    json.fail("'control_refiner_layers_places' must be ascending layers of the noise refiner");
  }
  if (c.refiner == Refiner::kControlLayers && static_cast<std::int64_t>(c.refiner_places.size()) > layers) {
    refuse(weights, "it has fewer control layers than hints for the noise refiner");
  }
  if (c.refiner == Refiner::kControlNoiseRefiner && base.n_refiner_layers < 1) {
    refuse(weights, "it has a refiner, and the model has none");
  }
  return c;
}

}  // namespace zimage

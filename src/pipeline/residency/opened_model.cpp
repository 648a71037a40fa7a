#include "pipeline/residency/opened_model.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "nn/weight_loader.h"
#include "pipeline/residency/loras.h"
#include "pipeline/residency/model_tokenizer.h"
#include "pipeline/residency/model_variant.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::size_t kNamesInMessage = 20;
constexpr double kLeastMegapixels = 0.001;
constexpr double kMostMegapixels = 64.0;

/// Takes the weights of the parts, and reads their configurations.
void take(const OpenedFiles& opened, OpenedModel& model) {
  const ModelFiles& files = opened.files;
  model.dit.source = opened.dit.weights;
  model.text_encoder.source = opened.text_encoder.weights;
  model.vae.source = opened.vae.weights;
  model.controlnet.source = opened.controlnet.weights;
  model.dit_config = DiTConfig::detect(*model.dit.source, config_text(files.dit, opened.dit, files));
  model.text_encoder_config = TextEncoderConfig::detect(*model.text_encoder.source,
                                                        config_text(files.text_encoder, opened.text_encoder, files));
  const std::string warning = model.text_encoder_config.warning(files.text_encoder.weights.filename().string());
  if (!warning.empty()) log::warning(warning);
  model.vae_config = VAEConfig::detect(*model.vae.source, config_text(files.vae, opened.vae, files));
  if (model.has_controlnet()) {
    const ConfigText text = config_text(files.controlnet, opened.controlnet, files);
    model.controlnet_config = ControlNetConfig::detect(*model.controlnet.source, text, model.dit_config);
  }
  model.tokenizer = std::make_shared<const Tokenizer>(read_tokenizer(files.tokenizer));
}

/// Compares every name and shape with what the models ask for.
void check(OpenedModel& model) {
  std::string wrong;
  const auto compare = [&](PartHeaders& part, const std::function<void(nn::WeightLoader&)>& load) {
    const WeightSource& source = *part.source;
    nn::WeightLoader loader(source, {}, nn::WeightLoader::Mode::kCheck);
    load(loader);
    part.asked = loader.asked();
    model.info.parameters += loader.parameters();
    const auto problems = loader.problems();
    if (problems.empty()) return;
    wrong += (wrong.empty() ? "" : "; ") + source.description() + ": " + problems.summary(kNamesInMessage);
    if (log::enabled(log::Level::kInfo)) log::info(source.description() + ": " + problems.summary(SIZE_MAX));
  };
  compare(model.dit, [&](auto& loader) { DiT::load(loader, model.dit_config); });
  compare(model.text_encoder, [&](auto& loader) { TextEncoder::load(loader, model.text_encoder_config); });
  compare(model.vae, [&](auto& loader) { VAE::load(loader, model.vae_config); });
  if (model.has_controlnet()) {
    compare(model.controlnet,
            [&](auto& loader) { ControlNet::load(loader, model.controlnet_config, model.dit_config); });
  }
  if (wrong.empty() && model.text_encoder_config.hidden_size != model.dit_config.cap_feat_dim) {
    wrong = "the text encoder's width " + std::to_string(model.text_encoder_config.hidden_size) +
            " is not the DiT's caption width " + std::to_string(model.dit_config.cap_feat_dim);
  }
  if (wrong.empty() && model.vae_config.latent_channels != model.dit_config.in_channels) {
    wrong = "the VAE's " + std::to_string(model.vae_config.latent_channels) + " latent channels are not the DiT's " +
            std::to_string(model.dit_config.in_channels);
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::kModel, wrong,
                "these files don't make up a Z-Image model: see \"Get the model\" in README.md");
  }
}

void describe_controlnet(const std::filesystem::path& path, OpenedModel& model) {
  ModelInfo& info = model.info;
  // The trainer's examples use other scales for some releases, which only the file's name tells apart.
  const std::string name = lower(path.filename().string());
  const auto named = [&](const char* part) { return name.find(part) != std::string::npos; };
  info.controlnet = model.controlnet_config.version();
  info.control_scale = model.controlnet_config.default_scale();
  info.control_scale_reason = "version " + info.controlnet;
  if (named("tile")) {
    info.control_scale = 0.85;
    info.control_scale_reason = "'tile' in the file's name";
  } else if (named("2602")) {
    info.control_scale = 0.90;
    info.control_scale_reason = "'2602' in the file's name";
  }
}

void describe(const ModelFiles& files, OpenedModel& model) {
  ModelInfo& info = model.info;
  info.name = files.name;
  const VariantChoice variant = variant_of(files);
  info.variant = variant.variant;
  info.variant_reason = variant.reason;
  info.defaults = variant.defaults;
  info.dit_layers = static_cast<int>(model.dit_config.n_layers);
  info.dit_dim = static_cast<int>(model.dit_config.dim);
  std::set<std::filesystem::path> unique;
  if (!files.tokenizer.path.empty()) unique.insert(files.tokenizer.path);
  for (const auto* part : {&files.dit, &files.text_encoder, &files.vae, &files.controlnet}) {
    if (!part->config_path.empty()) unique.insert(part->config_path);
  }
  for (const auto* part : {&model.dit, &model.text_encoder, &model.vae, &model.controlnet}) {
    if (part->source == nullptr) continue;
    for (const auto& file : part->source->files()) unique.insert(file);
  }
  for (const LoraInfo& lora : info.loras) {
    unique.insert(lora.file);
    if (!lora.settings.empty()) unique.insert(lora.settings);
  }
  info.files.assign(unique.begin(), unique.end());
  if (model.has_controlnet()) describe_controlnet(files.controlnet.weights, model);
  if (files.index.empty()) return;
  const auto index = parse_strict_json(files.index, files.name + "/model_index.json");
  const auto flag = [&](const char* key) { return index.contains(key) && index[key] == true; };
  info.demo = flag("demo");
  info.random_weights = flag("random_weights");
  if (!index.contains("native_megapixels")) return;
  const auto& native = index["native_megapixels"];
  const double area = native.is_number() ? native.get<double>() : 0.0;
  if (!(area >= kLeastMegapixels && area <= kMostMegapixels)) {
    throw Error(ErrorCode::kModel,
                files.name + "/model_index.json: native_megapixels is not a number from 0.001 to 64");
  }
  info.native_megapixels = area;
}

}  // namespace

OpenedModel open_model(const OpenedFiles& opened, const ModelPaths& paths) {
  OpenedModel model;
  take(opened, model);
  check(model);
  model.info.loras = open_loras(paths, opened.files.trees, *model.dit.source, model.loras);
  describe(opened.files, model);
  return model;
}

}  // namespace zimage

#include "pipeline/residency/model_store.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>

#include "base/log.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "pipeline/residency/loras.h"
#include "pipeline/residency/memory_limit.h"
#include "pipeline/residency/memory_plan.h"
#include "pipeline/residency/model_tokenizer.h"
#include "pipeline/residency/model_variant.h"
#include "pipeline/residency/weight_bytes.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::size_t kNamesInMessage = 20;
constexpr double kLeastMegapixels = 0.001;
constexpr double kMostMegapixels = 64.0;

/// Returns a part's configuration. What a GGUF says of itself is surer than a config.json that lies beside it, and one
/// that lies beside a bundle can only be its DiT's.
ConfigText config_text(const ComponentFiles& files, const OpenedPart& part, const ModelFiles& model) {
  if (!part.config.empty()) return {part.weights->description(), part.config};
  if (&files != &model.dit && files.weights == model.dit.weights) return {};
  return {files.config_path.string(), files.config};
}

/// Opens the parts of a model; a bundle's file is opened once.
class Opener {
 public:
  OpenedPart operator()(const ComponentFiles& files, Part part) {
    auto [place, is_new] = opened_.try_emplace(files.weights);
    if (is_new) place->second = open_weights(files.weights);
    return open_part(place->second, part);
  }

 private:
  std::map<std::filesystem::path, OpenedWeights> opened_;
};

}  // namespace

ModelStore::ModelStore(const ModelPaths& paths, const Compute& compute)
    : placement_(compute.placement), dit_placement_(compute.placement) {
  ModelFiles files = find_model(paths);
  open(files);
  check();
  info_.loras = open_loras(paths, files.trees, *dit_source_, loras_);
  decide_memory();
  describe(files, compute);
}

void ModelStore::open(ModelFiles& files) {
  Opener open_one;
  const OpenedPart dit = open_one(files.dit, Part::kDiT);
  const OpenedPart text_encoder = open_one(files.text_encoder, Part::kTextEncoder);
  const OpenedPart vae = open_one(files.vae, Part::kVAE);
  prefer_own_texts(dit, files);
  dit_source_ = dit.weights;
  text_encoder_source_ = text_encoder.weights;
  vae_source_ = vae.weights;
  dit_config_ = DiTConfig::detect(*dit_source_, config_text(files.dit, dit, files));
  text_encoder_config_ =
      TextEncoderConfig::detect(*text_encoder_source_, config_text(files.text_encoder, text_encoder, files));
  const std::string warning = text_encoder_config_.warning(files.text_encoder.weights.filename().string());
  if (!warning.empty()) log::warning(warning);
  vae_config_ = VAEConfig::detect(*vae_source_, config_text(files.vae, vae, files));
  if (!files.controlnet.weights.empty()) {
    const OpenedPart controlnet = open_one(files.controlnet, Part::kControlNet);
    controlnet_source_ = controlnet.weights;
    controlnet_config_ =
        ControlNetConfig::detect(*controlnet_source_, config_text(files.controlnet, controlnet, files), dit_config_);
  }
  tokenizer_.emplace(read_tokenizer(files.tokenizer));
}

void ModelStore::check() {
  std::string wrong;
  const auto compare = [&](const WeightSource& source, const std::function<void(nn::WeightLoader&)>& load) {
    nn::WeightLoader loader(source, placement_, nn::WeightLoader::Mode::kCheck);
    load(loader);
    info_.parameters += loader.parameters();
    const auto problems = loader.problems();
    if (problems.empty()) return;
    wrong += (wrong.empty() ? "" : "; ") + source.description() + ": " + problems.summary(kNamesInMessage);
    if (log::enabled(log::Level::kInfo)) log::info(source.description() + ": " + problems.summary(SIZE_MAX));
  };
  compare(*dit_source_, [&](auto& loader) { DiT::load(loader, dit_config_); });
  compare(*text_encoder_source_, [&](auto& loader) { TextEncoder::load(loader, text_encoder_config_); });
  compare(*vae_source_, [&](auto& loader) { VAE::load(loader, vae_config_); });
  if (has_controlnet()) {
    compare(*controlnet_source_, [&](auto& loader) { ControlNet::load(loader, controlnet_config_, dit_config_); });
  }
  if (wrong.empty() && text_encoder_config_.hidden_size != dit_config_.cap_feat_dim) {
    wrong = "the text encoder's width " + std::to_string(text_encoder_config_.hidden_size) +
            " is not the DiT's caption width " + std::to_string(dit_config_.cap_feat_dim);
  }
  if (wrong.empty() && vae_config_.latent_channels != dit_config_.in_channels) {
    wrong = "the VAE's " + std::to_string(vae_config_.latent_channels) + " latent channels are not the DiT's " +
            std::to_string(dit_config_.in_channels);
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::kModel, wrong,
                "these files don't make up a Z-Image model: see \"Get the model\" in README.md");
  }
}

void ModelStore::decide_memory() {
  ModelBytes bytes;
  bytes.dit = weight_bytes(*dit_source_, placement_.dtype);
  if (has_controlnet()) bytes.controlnet = weight_bytes(*controlnet_source_, placement_.dtype);
  bytes.text_encoder = weight_bytes(*text_encoder_source_, placement_.dtype);
  bytes.vae = weight_bytes(*vae_source_, placement_.dtype);
  const MemoryPlan plan = plan_memory(bytes, memory_limit_bytes(), placement_.device.is_cpu());
  keep_text_encoder_ = plan.keep_text_encoder;
  dit_placement_.packed = plan.pack_dit && placement_.dtype == at::kFloat && nn::packing_available();
}

void ModelStore::describe(const ModelFiles& files, const Compute& compute) {
  info_.name = files.name;
  const VariantChoice variant = variant_of(files);
  info_.variant = variant.variant;
  info_.variant_reason = variant.reason;
  info_.defaults = variant.defaults;
  info_.device = compute.device_name;
  info_.dtype = compute.dtype_name;
  info_.dit_layers = static_cast<int>(dit_config_.n_layers);
  info_.dit_dim = static_cast<int>(dit_config_.dim);
  std::set<std::filesystem::path> unique;
  if (!files.tokenizer.path.empty()) unique.insert(files.tokenizer.path);
  for (const auto* part : {&files.dit, &files.text_encoder, &files.vae, &files.controlnet}) {
    if (!part->config_path.empty()) unique.insert(part->config_path);
  }
  for (const auto& source : {dit_source_, text_encoder_source_, vae_source_, controlnet_source_}) {
    if (source == nullptr) continue;
    for (const auto& file : source->files()) unique.insert(file);
  }
  for (const LoraInfo& lora : info_.loras) {
    unique.insert(lora.file);
    if (!lora.settings.empty()) unique.insert(lora.settings);
  }
  info_.files.assign(unique.begin(), unique.end());
  if (has_controlnet()) describe_controlnet(files.controlnet.weights);
  if (files.index.empty()) return;
  const auto index = parse_strict_json(files.index, files.name + "/model_index.json");
  const auto flag = [&](const char* key) { return index.contains(key) && index[key] == true; };
  info_.demo = flag("demo");
  info_.random_weights = flag("random_weights");
  if (!index.contains("native_megapixels")) return;
  const auto& native = index["native_megapixels"];
  const double area = native.is_number() ? native.get<double>() : 0.0;
  if (!(area >= kLeastMegapixels && area <= kMostMegapixels)) {
    throw Error(ErrorCode::kModel,
                files.name + "/model_index.json: native_megapixels is not a number from 0.001 to 64");
  }
  info_.native_megapixels = area;
}

void ModelStore::describe_controlnet(const std::filesystem::path& path) {
  // The trainer's examples use other scales for some releases, which only the file's name tells apart.
  const std::string name = lower(path.filename().string());
  const auto named = [&](const char* part) { return name.find(part) != std::string::npos; };
  info_.controlnet = controlnet_config_.version();
  info_.control_scale = controlnet_config_.default_scale();
  info_.control_scale_reason = "version " + info_.controlnet;
  if (named("tile")) {
    info_.control_scale = 0.85;
    info_.control_scale_reason = "'tile' in the file's name";
  } else if (named("2602")) {
    info_.control_scale = 0.90;
    info_.control_scale_reason = "'2602' in the file's name";
  }
}

/// Loads a part. Errors: kModel for weights that aren't finite. Names and shapes were checked before.
template <class Part, class... Configs>
Part ModelStore::load(const WeightSource& source, const nn::Placement& placement, const Configs&... configs) const {
  nn::WeightLoader loader(source, placement, nn::WeightLoader::Mode::kLoad);
  loader.check_before_each(check_);
  if constexpr (std::is_same_v<Part, DiT>) loader.change_by(loras_);
  Part part = Part::load(loader, configs...);
  const auto problems = loader.problems();
  if (!problems.empty()) {
    throw Error(ErrorCode::kModel, source.description() + ": " + problems.summary(kNamesInMessage),
                "the file is damaged: download it again");
  }
  return part;
}

const TextEncoder& ModelStore::text_encoder() {
  if (!text_encoder_) {
    text_encoder_ = load<TextEncoder>(*text_encoder_source_, placement_, text_encoder_config_);
  }
  return *text_encoder_;
}

const DiT& ModelStore::dit() {
  if (!dit_) dit_ = load<DiT>(*dit_source_, dit_placement_, dit_config_);
  return *dit_;
}

const VAE& ModelStore::vae() {
  if (!vae_) vae_ = load<VAE>(*vae_source_, placement_, vae_config_);
  return *vae_;
}

const ControlNet& ModelStore::controlnet() {
  if (!controlnet_) {
    controlnet_ = load<ControlNet>(*controlnet_source_, dit_placement_, controlnet_config_, dit_config_);
  }
  return *controlnet_;
}

void ModelStore::finish_text_encoder() {
  if (!keep_text_encoder_) text_encoder_.reset();
  // Quantised weights are used where their file is mapped, so its pages are in memory. The system keeps a copy of them
  // for the next prompt as long as it has room.
  for (const std::string& name : text_encoder_source_->names()) text_encoder_source_->release(name);
}

}  // namespace zimage

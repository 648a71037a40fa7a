#include "pipeline/tools/parts.h"

#include <system_error>
#include <utility>

#include "base/text.h"
#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "pipeline/residency/model_variant.h"
#include "pipeline/tools/published_dit.h"
#include "weights/layout/part_config.h"
#include "weights/model_files.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

/// `path` is what the person named.
ModelPart make_part(const fs::path& path, const OpenedWeights& file, Part part, const ComponentFiles& files) {
  const OpenedPart opened = open_part(file, part);
  ModelPart made{.part = part, .weights = opened.weights};
  if (!opened.config.empty()) {
    made.config = {opened.weights->description(), opened.config};
  } else {
    made.config = {files.config_path.string(), files.config};
  }
  if (part == Part::kDiT) {
    made.model = find_surroundings(path);
    prefer_own_texts(opened, made.model);
  }
  return made;
}

std::vector<ModelPart> open_model_folder(const fs::path& folder) {
  const ModelFiles files = find_model({.model = folder, .text_encoder = {}, .tokenizer = {}, .vae = {}});
  std::vector<ModelPart> parts;
  for (const auto& [part, component] :
       {std::pair{Part::kDiT, &files.dit}, {Part::kTextEncoder, &files.text_encoder}, {Part::kVAE, &files.vae}}) {
    parts.push_back(make_part(folder, open_weights(component->weights), part, *component));
  }
  return parts;
}

/// Returns the parts that a file of this kind has.
std::vector<Part> parts_of(const FileIdentity& identity) {
  switch (identity.kind) {
    case FileKind::kDiT: return {Part::kDiT};
    case FileKind::kTextEncoder: return {Part::kTextEncoder};
    case FileKind::kVAE: return {Part::kVAE};
    case FileKind::kControlNet: return {Part::kControlNet};
    case FileKind::kBundle: {
      std::vector<Part> parts{Part::kDiT};
      if (identity.has_text_encoder) parts.push_back(Part::kTextEncoder);
      if (identity.has_vae) parts.push_back(Part::kVAE);
      return parts;
    }
    case FileKind::kLora:
    case FileKind::kLookAlike:
    case FileKind::kUnknown: break;
  }
  return {};
}

PartFacts facts_of(const nn::WeightLoader& loader, std::int64_t layers, std::int64_t width) {
  return {.layers = static_cast<int>(layers),
          .width = static_cast<int>(width),
          .parameters = loader.parameters(),
          .problems = loader.problems()};
}

}  // namespace

bool is_model_folder(const fs::path& path) {
  std::error_code error;
  return fs::exists(path / "model_index.json", error) || fs::is_directory(path / "transformer", error);
}

std::vector<ModelPart> open_parts(const fs::path& path, FileIdentity& identity) {
  if (is_model_folder(path)) {
    identity = {.kind = FileKind::kBundle,
                .what = "a Z-Image model in diffusers' layout",
                .has_text_encoder = true,
                .has_vae = true};
    return open_model_folder(path);
  }
  const OpenedWeights file = open_weights(path);
  identity = identify(*file.weights);
  std::vector<ModelPart> parts;
  for (const Part part : parts_of(identity)) {
    // A config.json beside a bundle can only be its DiT's.
    const bool own = part == Part::kDiT || identity.kind != FileKind::kBundle;
    const fs::path place = file.weights->files().front();
    parts.push_back(make_part(path, file, part, own ? with_config(place, part) : ComponentFiles{place, {}, {}}));
  }
  if (parts.empty()) {
    throw Error(ErrorCode::kModel, concat({path.string(), " is ", identity.what}),
                "a DiT, a text encoder, a VAE, a ControlNet or a whole model is needed");
  }
  return parts;
}

PartFacts check_part(const ModelPart& part) {
  nn::WeightLoader loader(*part.weights, {}, nn::WeightLoader::Mode::kCheck);
  switch (part.part) {
    case Part::kDiT: {
      const DiTConfig config = DiTConfig::detect(*part.weights, part.config);
      DiT::load(loader, config);
      return facts_of(loader, config.n_layers, config.dim);
    }
    case Part::kTextEncoder: {
      const TextEncoderConfig config = TextEncoderConfig::detect(*part.weights, part.config);
      TextEncoder::load(loader, config);
      return facts_of(loader, config.num_hidden_layers, config.hidden_size);
    }
    case Part::kVAE: {
      const VAEConfig config = VAEConfig::detect(*part.weights, part.config);
      VAE::load(loader, config);
      return facts_of(loader, 0, 0);
    }
    case Part::kControlNet: {
      const DiTConfig base = base_of_controlnet(*part.weights);
      const ControlNetConfig config = ControlNetConfig::detect(*part.weights, part.config, base);
      ControlNet::load(loader, config, base);
      PartFacts facts = facts_of(loader, static_cast<std::int64_t>(config.layer_places.size()), base.dim);
      facts.version = config.version();
      return facts;
    }
  }
  return {};
}

}  // namespace zimage

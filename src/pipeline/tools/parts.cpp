#include "pipeline/tools/parts.h"

#include <utility>

#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "pipeline/residency/model_variant.h"
#include "pipeline/tools/published_dit.h"
#include "weights/layout/model_layout.h"
#include "weights/layout/part_config.h"
#include "weights/model_files.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

/// Opens one part of a file of the path. `files` has the place of the part's config.json.
ModelPart make_part(const OpenedPath& from, const OpenedWeights& file, Part part, const ComponentFiles& files) {
  const OpenedPart opened = open_part(file, part);
  ModelPart made{.part = part, .weights = opened.weights};
  if (!opened.config.empty()) {
    made.config = {opened.weights->description(), opened.config};
  } else {
    made.config = {files.config_path.string(), files.config};
  }
  if (part == Part::kDiT) {
    made.model = from.model.name.empty() ? find_surroundings(from.path) : from.model;
    prefer_own_texts(opened, made.model);
  }
  return made;
}

/// The parts of a diffusers folder and their files, in the order of OpenedPath::files.
std::vector<std::pair<Part, const ComponentFiles*>> components_of(const ModelFiles& model) {
  return {{Part::kDiT, &model.dit}, {Part::kTextEncoder, &model.text_encoder}, {Part::kVAE, &model.vae}};
}

PartFacts facts_of(const nn::WeightLoader& loader, std::int64_t layers, std::int64_t width) {
  return {.layers = static_cast<int>(layers),
          .width = static_cast<int>(width),
          .parameters = loader.parameters(),
          .problems = loader.problems(),
          .asked = loader.asked()};
}

}  // namespace

OpenedPath open_path(const fs::path& path) {
  OpenedPath opened{.path = path};
  if (!is_diffusers_folder(path)) {
    opened.files = {open_weights(path)};
    opened.identity = identify(*opened.files.front().weights);
    return opened;
  }
  opened.identity = {.kind = FileKind::kBundle,
                     .what = "a Z-Image model in diffusers' layout",
                     .has_text_encoder = true,
                     .has_vae = true};
  opened.model = find_model({.model = path, .text_encoder = {}, .tokenizer = {}, .vae = {}});
  for (const auto& [part, files] : components_of(opened.model)) opened.files.push_back(open_weights(files->weights));
  return opened;
}

std::vector<ModelPart> parts_of(const OpenedPath& opened) {
  std::vector<ModelPart> parts;
  if (!opened.model.name.empty()) {
    const auto components = components_of(opened.model);
    for (std::size_t i = 0; i < components.size(); ++i) {
      parts.push_back(make_part(opened, opened.files[i], components[i].first, *components[i].second));
    }
  } else {
    const OpenedWeights& file = opened.files.front();
    const fs::path place = file.weights->files().front();
    for (const Part part : {Part::kDiT, Part::kTextEncoder, Part::kVAE, Part::kControlNet}) {
      if (!has_part(opened.identity, part)) continue;
      // A config.json beside a bundle can only be its DiT's.
      const bool own = part == Part::kDiT || opened.identity.kind != FileKind::kBundle;
      parts.push_back(make_part(opened, file, part, own ? with_config(place, part) : ComponentFiles{place, {}, {}}));
    }
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

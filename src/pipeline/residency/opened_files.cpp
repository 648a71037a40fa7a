#include "pipeline/residency/opened_files.h"

#include <filesystem>
#include <map>
#include <utility>

#include "pipeline/residency/model_variant.h"

namespace zimage {
namespace {

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

ConfigText config_text(const ComponentFiles& files, const OpenedPart& part, const ModelFiles& model) {
  if (!part.config.empty()) return {part.weights->description(), part.config};
  if (&files != &model.dit && files.weights == model.dit.weights) return {};
  return {files.config_path.string(), files.config};
}

OpenedFiles open_files(const ModelPaths& paths) {
  Opener open_one;
  OpenedFiles model;
  model.files = find_model(paths);
  model.dit = open_one(model.files.dit, Part::kDiT);
  model.text_encoder = open_one(model.files.text_encoder, Part::kTextEncoder);
  model.vae = open_one(model.files.vae, Part::kVAE);
  if (!model.files.controlnet.weights.empty()) {
    model.controlnet = open_one(model.files.controlnet, Part::kControlNet);
  }
  prefer_own_texts(model.dit, model.files);
  return model;
}

}  // namespace zimage

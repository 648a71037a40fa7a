// The parts of a model that a path holds, for the tools that look at files rather than run them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/config_json.h"
#include "nn/weight_loader.h"
#include "weights/identify.h"
#include "weights/model_files.h"
#include "weights/open_weights.h"

namespace zimage {

/// One part of a model, open: its weights under the names that the models ask for.
struct ModelPart {
  Part part = Part::kDiT;
  std::shared_ptr<const WeightSource> weights;
  ConfigText config{};  ///< config.json, or what stands for it; its text is empty if there is none
  ModelFiles model{};   ///< of a DiT: what find_surroundings() finds, or its file carries
};

/// What the shapes of a part's tensors show.
struct PartFacts {
  int layers = 0;
  int width = 0;
  std::int64_t parameters = 0;
  std::string version{};  ///< of a ControlNet: "2.1"
  nn::WeightProblems problems{};
  nn::AskedWeights asked{};  ///< the weights that the model asks for
};

/// A path's files of weights, open.
struct OpenedPath {
  std::filesystem::path path{};  ///< as the person named it
  FileIdentity identity{};
  std::vector<OpenedWeights> files{};  ///< one; of a diffusers folder its DiT, text encoder and VAE
  ModelFiles model{};                  ///< of a diffusers folder
};

/// Opens a file of weights, a part's folder or a diffusers folder; no weight is read. Errors: those of open_weights(),
/// and of find_model() for a diffusers folder.
OpenedPath open_path(const std::filesystem::path& path);

/// Returns every part that the path holds; none if it is no part of a Z-Image model.
/// Errors: kModel for a damaged config.
std::vector<ModelPart> parts_of(const OpenedPath& opened);

/// Reads the sizes off a part and compares every name and shape; no weight is read. A ControlNet is compared with
/// base_of_controlnet(). Errors: kModel for sizes that can't be known or contradict each other.
PartFacts check_part(const ModelPart& part);

}  // namespace zimage

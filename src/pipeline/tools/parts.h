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
};

/// Returns whether the path is a folder in diffusers' layout.
bool is_model_folder(const std::filesystem::path& path);

/// Opens every part that a path holds: one for a part's file or folder, several for a bundle or a diffusers folder.
/// `identity` says what the path is. Errors: kModel for a path that is no part of a Z-Image model.
std::vector<ModelPart> open_parts(const std::filesystem::path& path, FileIdentity& identity);

/// Reads the sizes off a part and compares every name and shape; no weight is read. A ControlNet is compared with
/// base_of_controlnet(). Errors: kModel for sizes that can't be known or contradict each other.
PartFacts check_part(const ModelPart& part);

}  // namespace zimage

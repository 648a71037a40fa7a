// Finds the files that make up a model.
#pragma once

#include <filesystem>
#include <string>

#include "zimage/model_paths.h"

namespace zimage {

/// The place of a component's weights, and the text of its config.json (empty if there is none: sizes come from
/// shapes).
struct ComponentFiles {
  std::filesystem::path weights;      ///< a file or folder for open_checkpoint
  std::filesystem::path config_path;  ///< empty if there is none
  std::string config;
};

struct ModelFiles {
  std::string name;   ///< the folder's or file's name, for reports
  std::string index;  ///< model_index.json's text; empty if there is none
  ComponentFiles dit;
  ComponentFiles text_encoder;
  ComponentFiles vae;
  ComponentFiles controlnet;        ///< its `weights` are empty if none was asked for
  ComponentFiles scheduler;         ///< scheduler_config.json, if there is one; no weights
  std::filesystem::path tokenizer;  ///< tokenizer.json
};

/// Finds every part of the model. `paths.model` is a diffusers folder (transformer/, text_encoder/, tokenizer/, vae/)
/// or the DiT's file or folder; then the other three are looked for beside it unless they are given.
/// Errors: kModel, naming all missing parts at once, where each was looked for, and which option gives it.
ModelFiles find_model(const ModelPaths& paths);

}  // namespace zimage

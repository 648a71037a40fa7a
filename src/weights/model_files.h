// Which files make up a model.
#pragma once

#include <filesystem>
#include <string>

#include "zimage/model_paths.h"

namespace zimage {

/// One component: where its weights are, and its config.json's text (empty if there is none: sizes come from shapes).
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
  ComponentFiles controlnet;        ///< weights empty: none was asked for
  std::filesystem::path tokenizer;  ///< tokenizer.json
};

/// Finds every part of the model. `paths.model` is a diffusers folder (transformer/, text_encoder/, tokenizer/, vae/)
/// or the DiT's file or folder, when the other three must be given (a part that is not given is looked for beside it).
/// Errors: kModel, naming every part that is missing at once, where it was looked for, and which option gives it.
ModelFiles find_model(const ModelPaths& paths);

}  // namespace zimage

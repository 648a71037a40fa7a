// Finds the files that make up a model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "zimage/model_paths.h"

namespace zimage {

/// The place of a component's weights, and the text of its config.json (empty if there is none: sizes come from
/// shapes).
struct ComponentFiles {
  std::filesystem::path weights;      ///< a file or folder for open_part(); a bundle is in several components
  std::filesystem::path config_path;  ///< empty if there is none
  std::string config;
};

struct TokenizerFile {
  enum class Kind {
    kJson,    ///< a tokenizer.json
    kGGUF,    ///< the vocabulary in a GGUF
    kBundled  ///< Qwen3's, which comes with the program; there is no path
  };
  Kind kind = Kind::kBundled;
  std::filesystem::path path{};
};

struct ModelFiles {
  std::string name;   ///< the diffusers folder's or the DiT file's name, for reports
  std::string index;  ///< model_index.json's text; empty if there is none
  ComponentFiles dit;
  ComponentFiles text_encoder;
  ComponentFiles vae;
  ComponentFiles controlnet;  ///< its `weights` are empty if none was asked for
  ComponentFiles scheduler;   ///< scheduler_config.json, if there is one; no weights
  TokenizerFile tokenizer;
  /// The folders of models, laid out like ComfyUI's, that the DiT lies in. locate_in_tree() finds other files in them.
  std::vector<std::filesystem::path> trees;
};

/// Finds every part of the model. `paths.model` is a diffusers folder (transformer/, text_encoder/, tokenizer/, vae/),
/// a file or folder of the DiT, a checkpoint that holds several parts, ComfyUI's folder of models or a folder in it, or
/// a folder of loose files. Parts that aren't given are looked for in the DiT's own file, beside it, in the ComfyUI
/// folder that it lies in, and in diffusers' folders around it. Bare names are looked for in that ComfyUI folder.
/// Errors: kModel, naming all missing parts at once, where each was looked for, which file to get, and which option
/// gives it; also for files that are something else, and for several files that are equally good.
ModelFiles find_model(const ModelPaths& paths);

/// Finds what a model has as a whole, as find_model() does: its name, index, scheduler, trees and where its DiT's
/// weights are. The other fields are empty, so the other parts may be missing. Errors: kModel if `model` doesn't exist
/// or is something else, and for several files that are equally good.
ModelFiles find_surroundings(const std::filesystem::path& model);

}  // namespace zimage

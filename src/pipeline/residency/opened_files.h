// The files of a model, open.
#pragma once

#include "models/config_json.h"
#include "weights/model_files.h"
#include "weights/open_weights.h"
#include "zimage/model_paths.h"

namespace zimage {

/// The parts of a model. Their weights may come from anywhere.
struct OpenedFiles {
  ModelFiles files;
  OpenedPart dit;
  OpenedPart text_encoder;
  OpenedPart vae;
  OpenedPart controlnet{};  ///< its weights are null if there is none
};

/// Finds a model's files and opens them; one that holds several parts is opened once. Errors: those of find_model() and
/// of open_part().
OpenedFiles open_files(const ModelPaths& paths);

/// Returns a part's configuration. What a GGUF says of itself is surer than a config.json that lies beside it, and one
/// that lies beside a bundle can only be its DiT's.
ConfigText config_text(const ComponentFiles& files, const OpenedPart& part, const ModelFiles& model);

}  // namespace zimage

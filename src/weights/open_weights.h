// Opens files of weights, whatever their format.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "weights/formats/gguf.h"
#include "weights/weight_source.h"

namespace zimage {

/// An open file of weights, or the shards behind an index.
struct OpenedWeights {
  std::shared_ptr<const WeightSource> weights;  ///< with the names that the file gives them
  std::map<std::string, std::string> metadata;  ///< safetensors' `__metadata__`
  std::shared_ptr<const GGUFHeader> gguf;       ///< null for safetensors; its strings live as long as it
};

/// The parts of a model that have weights.
enum class Part { kDiT, kTextEncoder, kVAE, kControlNet };

/// Returns the name of the part's folder in diffusers' layout: "transformer", "text_encoder", "vae" or "controlnet".
/// A file that `convert` wrote has the part's config.json under "config." and that name in its header's metadata.
const char* folder_of(Part part);

/// The keys under which that metadata has a whole model's scheduler_config.json and model_index.json.
inline constexpr const char* kSchedulerKey = "config.scheduler";
inline constexpr const char* kModelIndexKey = "config.model_index";

/// Opens a safetensors or GGUF file (by its first bytes, not its ending), an index of shards, or a folder that holds
/// one of them (locate_checkpoint() says how it is searched). No weight is read. Errors: kModel; those of
/// read_safetensors(), of parse_gguf(), and for one part of a split GGUF.
OpenedWeights open_weights(const std::filesystem::path& path);

/// The weights of one part, under the names that the models ask for: diffusers' for the DiT, the VAE and ControlNets,
/// transformers' without `model.` for the text encoder.
struct OpenedPart {
  std::shared_ptr<const WeightSource> weights;
  std::string config;                      ///< what the file says of its sizes, as a config.json's text; else empty
  std::string scheduler{};                 ///< of a DiT: the scheduler_config.json that the file carries; else empty
  std::string index{};                     ///< of a DiT: the model_index.json that the file carries; else empty
  std::shared_ptr<const GGUFHeader> gguf;  ///< as in OpenedWeights
};

/// Returns one part of an open file. Of a bundle, only the part's own tensors are in it; what belongs to no part at all
/// is in the DiT's, so that it is reported as unexpected. A tensor that the part has no use for stays under the name
/// that the file gives it.
/// Errors: kModel for a file that identify() takes for something else, or for nothing; the message says what it is.
OpenedPart open_part(const OpenedWeights& file, Part part);
/// Opens the file first. Errors: also those of open_weights().
OpenedPart open_part(const std::filesystem::path& path, Part part);

}  // namespace zimage

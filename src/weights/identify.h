// Recognises what a file of weights is, by the names and shapes of its tensors.
#pragma once

#include <string>

#include "weights/open_weights.h"
#include "weights/weight_source.h"

namespace zimage {

enum class FileKind {
  kDiT,
  kTextEncoder,
  kVAE,
  kControlNet,
  kLora,
  kBundle,     ///< a checkpoint of several parts: the DiT, and the text encoder or the VAE or both
  kLookAlike,  ///< something that is known, and isn't supported
  kUnknown
};

struct FileIdentity {
  FileKind kind = FileKind::kUnknown;
  /// What it is, with its article, as the end of a sentence: "a Z-Image DiT", "a LoRA", "a Lumina-2 model, which has
  /// another architecture". Of an unknown file: "none of a Z-Image model's files".
  std::string what;
  /// The parts that a bundle has besides the DiT.
  bool has_text_encoder = false;
  bool has_vae = false;
};

/// Returns whether the file holds such a part.
bool has_part(const FileIdentity& file, Part part);

/// Recognises the file by its tensors' names as they are stored, whatever their prefix, encoding and spelling.
/// Never throws.
FileIdentity identify(const WeightSource& file);

}  // namespace zimage

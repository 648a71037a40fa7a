// A model of random weights, which needs no download: for measurements.
#pragma once

#include <string>

#include "pipeline/residency/opened_files.h"

namespace zimage {

/// Makes a model of random weights with the sizes that `shape` names:
///
/// - "published": Z-Image-Turbo's, Qwen3-4B's and Flux's autoencoder's;
/// - "mid": a DiT of width 1024 with 8 layers, as in bench/dit_forward.py, and a text encoder that fits it;
/// - "tiny": for tests;
/// - a folder as diffusers lays it out, or a DiT's config.json: the parts that have no config.json there have the
///   published sizes, with the widths that the DiT asks for.
///
/// No weight exists until it is asked for. The tokenizer is the folder's if it has one, else the bundled one. Errors:
/// kUsage for another word that isn't a path; kModel for a damaged config.
OpenedFiles random_model(const std::string& shape);

}  // namespace zimage

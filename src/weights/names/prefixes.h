// The prefixes that files put before the names of a part's weights.
#pragma once

#include <optional>
#include <string_view>

#include "weights/open_weights.h"

namespace zimage {

/// Returns the part that a tensor of a bundle belongs to by its prefix: the text encoder or the VAE; nothing for any
/// other tensor. Source: ComfyUI, comfy/supported_models.py, vae_key_prefix and text_encoder_key_prefix.
std::optional<Part> part_of(std::string_view name);

/// Returns the name without the prefixes that a part's names may have.
std::string_view without_prefix(std::string_view name, Part part);

}  // namespace zimage

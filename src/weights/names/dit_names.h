// The names of a Z-Image DiT's and ControlNet's weights, in the spellings that people's files have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weights/names/mapped_weight.h"

namespace zimage {

/// Returns which of the model's weights (diffusers' names) a tensor is; `name` is diffusers' or ComfyUI's, without a
/// prefix. ComfyUI's attention.qkv holds three weights. Empty: the model has no such weight.
/// Sources: diffusers, models/transformers/transformer_z_image.py; ComfyUI, z_image_to_diffusers in comfy/utils.py and
/// comfy/ldm/lumina/controlnet.py.
std::vector<MappedWeight> dit_names(const std::string& name, const std::vector<std::int64_t>& shape);

}  // namespace zimage

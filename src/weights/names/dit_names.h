// The names of a Z-Image DiT's and ControlNet's weights, in the spellings that people's files have.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weights/names/mapped_weight.h"

namespace zimage {

/// A module's name in diffusers' spelling, and in ComfyUI's.
struct ModuleSpelling {
  std::string_view ours;
  std::string_view comfyui;
};

/// The modules that ComfyUI's files spell differently: parts of a block, and modules of the model. Besides,
/// attention.qkv holds the rows of to_q, to_k and to_v.
inline constexpr std::array<ModuleSpelling, 5> kComfyUIModules{{{"attention.to_out.0", "attention.out"},
                                                                {"attention.norm_q", "attention.q_norm"},
                                                                {"attention.norm_k", "attention.k_norm"},
                                                                {"all_x_embedder.2-1", "x_embedder"},
                                                                {"all_final_layer.2-1", "final_layer"}}};

/// The groups of blocks, each followed by a number: a DiT's and a ControlNet's.
inline constexpr std::array<std::string_view, 5> kBlockGroups{"layers.", "noise_refiner.", "context_refiner.",
                                                              "control_layers.", "control_noise_refiner."};

/// Returns which of the model's weights (diffusers' names) a tensor is; `name` is diffusers' or ComfyUI's, without a
/// prefix. ComfyUI's attention.qkv holds three weights. Empty: the model has no such weight.
/// Sources: diffusers, models/transformers/transformer_z_image.py; ComfyUI, z_image_to_diffusers in comfy/utils.py and
/// comfy/ldm/lumina/controlnet.py.
std::vector<MappedWeight> dit_names(const std::string& name, const std::vector<std::int64_t>& shape);

}  // namespace zimage

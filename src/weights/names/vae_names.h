// The names of a VAE's weights, in the spellings that people's files have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weights/names/mapped_weight.h"

namespace zimage {

/// Returns how many levels a VAE's decoder has, which vae_names() needs: LDM counts them from the other end. `names`
/// are without a prefix.
std::int64_t vae_levels(const std::vector<std::string>& names);

/// Returns which of the model's weights (diffusers' names) a tensor is; `name` is diffusers' or LDM's, without a
/// prefix. LDM's attention layers are 1×1 convolutions [C, C, 1, 1], which the model takes as [C, C]. Empty: the model
/// has no such weight. Sources: diffusers, models/autoencoders/autoencoder_kl.py and loaders/single_file_utils.py;
/// Flux, ae.safetensors.
std::vector<MappedWeight> vae_names(const std::string& name, const std::vector<std::int64_t>& shape,
                                    std::int64_t levels);

}  // namespace zimage

// The sizes of the Flux autoencoder.
#pragma once

#include <cstdint>
#include <vector>

#include "models/config_json.h"
#include "weights/weight_source.h"

namespace zimage {

struct VAEConfig {
  std::vector<std::int64_t> block_out_channels;  ///< four, so that a latent cell spans 8 pixels
  std::int64_t layers_per_block = 2;             ///< resnets in an encoder block; a decoder block has one more
  std::int64_t latent_channels = 16;
  std::int64_t norm_num_groups = 32;
  double scaling_factor = 0.3611;
  double shift_factor = 0.1159;

  static constexpr std::int64_t kScale = 8;  ///< pixels that a latent cell spans, each way

  /// Reads the sizes like DiTConfig::detect(). Scaling, shift and groups, which no shape shows, take Flux's published
  /// values if config.json lacks them and the shapes are Flux's. Source of the names: diffusers, AutoencoderKL.
  static VAEConfig detect(const WeightSource& weights, const ConfigText& config);
};

}  // namespace zimage

// The Flux autoencoder. Source: diffusers, models/autoencoders/vae.py and autoencoder_kl.py (0.42).
//
// Both directions run whole, like the reference, or in strips of rows (models/vae_strips.h), which compute the same to
// the last digits of fp32, take a third of the memory and less time; vae_memory.h knows how much memory. In bf16 and
// fp16 the outermost convolutions and the last norm stay in fp32: pixels and latents would be rounded to 8 bits
// otherwise, which is half a level of an 8-bit picture and far from the levels of a 16-bit one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/vae_blocks.h"
#include "models/vae_config.h"
#include "nn/weight_loader.h"

namespace zimage {

class VAEEncoder {
 public:
  /// Loads the weights. Problems are left in `weights`.
  static VAEEncoder load(nn::WeightLoader& weights, const VAEConfig& config);
  /// Encodes pixels [1, 3, H, W] in [0, 1], sides multiples of 8, to latents [1, 16, H/8, W/8] fp32 on the CPU:
  /// (mode(2x − 1) − shift_factor) · scaling_factor. The mode is the distribution's mean: nothing is drawn.
  /// `strip_rows` is the height of a strip on every map; 0 computes every map whole.
  at::Tensor encode(const at::Tensor& pixels, std::int64_t strip_rows = 0) const;

 private:
  at::Tensor moments_whole(const at::Tensor& pixels) const;
  at::Tensor moments_in_strips(const at::Tensor& pixels, std::int64_t strip) const;

  VAEConfig config_;
  nn::Placement placement_;
  Conv conv_in_, conv_out_;
  std::vector<std::vector<ResnetBlock>> down_blocks_;
  std::vector<Conv> downsamplers_;
  VAEMidBlock mid_block_;
  GroupNorm conv_norm_out_;
};

class VAEDecoder {
 public:
  /// Loads the weights. Problems are left in `weights`.
  static VAEDecoder load(nn::WeightLoader& weights, const VAEConfig& config);
  /// Decodes latents [1, 16, h, w] to pixels [1, 3, 8h, 8w] fp32 on the CPU, clamped to [0, 1].
  /// `strip_rows` is the height of a strip on every map; 0 computes every map whole.
  at::Tensor decode(const at::Tensor& latents, std::int64_t strip_rows = 0) const;

 private:
  at::Tensor decode_whole(const at::Tensor& unscaled) const;
  at::Tensor decode_in_strips(const at::Tensor& unscaled, std::int64_t strip) const;

  VAEConfig config_;
  nn::Placement placement_;
  Conv conv_in_, conv_out_;
  VAEMidBlock mid_block_;
  std::vector<std::vector<ResnetBlock>> up_blocks_;
  std::vector<Conv> upsamplers_;
  GroupNorm conv_norm_out_;
};

/// Both halves of the autoencoder. One file holds both, and load() loads both, so that every tensor is accounted for.
struct VAE {
  VAEEncoder encoder;
  VAEDecoder decoder;
  static VAE load(nn::WeightLoader& weights, const VAEConfig& config);
};

}  // namespace zimage

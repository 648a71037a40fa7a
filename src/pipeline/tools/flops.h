// How many floating-point operations the stages of a run take. A multiply-add counts as two. Matrix products,
// convolutions and attention's two products count; norms, activations and sums, which are a thousandth of them, don't.
#pragma once

#include <cstdint>

#include "models/controlnet_config.h"
#include "models/dit_config.h"
#include "models/text_encoder_config.h"
#include "models/vae_config.h"

namespace zimage {

/// The sizes of one picture's run.
struct RunSizes {
  std::int64_t rows = 0;  ///< image tokens down and across: half as many as latent cells
  std::int64_t cols = 0;
  std::int64_t prompt_tokens = 0;

  /// Each is padded to a multiple of 32, as the DiT works on them.
  std::int64_t image_tokens() const;
  std::int64_t caption_tokens() const;
};

/// Returns the operations of one forward of the DiT, without what DiT::prepare() does once.
double dit_flops(const DiTConfig& config, const RunSizes& sizes);
/// Returns those of DiT::prepare(): the caption's projection and its refiner.
double dit_prepare_flops(const DiTConfig& config, const RunSizes& sizes);
/// Returns what a ControlNet adds to each forward.
double controlnet_flops(const ControlNetConfig& config, const DiTConfig& base, const RunSizes& sizes);
/// Returns those of encoding a prompt. Attention is causal: a token attends to itself and to those before it.
double text_encoder_flops(const TextEncoderConfig& config, std::int64_t tokens);
/// Returns those of encoding or decoding a picture of rows × cols image tokens once.
double vae_encode_flops(const VAEConfig& config, const RunSizes& sizes);
double vae_decode_flops(const VAEConfig& config, const RunSizes& sizes);

}  // namespace zimage

// The sizes of a Z-Image DiT.
#pragma once

#include <cstdint>

#include "models/config_json.h"
#include "nn/rope.h"
#include "weights/weight_source.h"

namespace zimage {

struct DiTConfig {
  std::int64_t in_channels = 0;  ///< latent channels
  std::int64_t dim = 0;          ///< width of the token stream
  std::int64_t n_layers = 0;     ///< main layers
  std::int64_t n_refiner_layers = 0;
  std::int64_t n_heads = 0;
  std::int64_t cap_feat_dim = 0;  ///< width of prompt_embeds
  std::int64_t ffn_dim = 0;       ///< SwiGLU's hidden width, int(dim / 3 · 8)
  std::int64_t adaln_dim = 0;     ///< width of t_emb, min(dim, 256)
  std::int64_t t_mid_dim = 0;     ///< hidden width of the timestep embedder
  double norm_eps = 1e-5;
  double t_scale = 1000.0;
  nn::RopeAxes rope;

  static constexpr std::int64_t kPatch = 2;           ///< latent cells that a token spans, each way
  static constexpr std::int64_t kTokenMultiple = 32;  ///< sequences are padded to a multiple of this
  std::int64_t head_dim() const { return dim / n_heads; }
  /// Returns the longest side, in latent cells, that the position tables cover.
  std::int64_t max_latent_side() const;

  /// Reads the sizes off the tensors' shapes and config.json, if there is one (it wins; where it contradicts a shape,
  /// that tensor is reported as mis-shaped). Sizes that no shape shows take Z-Image-Turbo's published values if the
  /// head dimension is the published one. Source of the names: diffusers, models/transformers/transformer_z_image.py.
  /// Errors: kModel for a damaged config, or sizes that contradict each other or can't be known.
  static DiTConfig detect(const WeightSource& weights, const ConfigText& config);
};

}  // namespace zimage

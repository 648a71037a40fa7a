// A block of Z-Image's DiT and its ControlNets. Source: diffusers, models/transformers/transformer_z_image.py (0.42).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "models/dit_config.h"
#include "nn/linear.h"
#include "nn/linear_group.h"
#include "nn/weight_loader.h"

namespace zimage {

/// What a moment of denoising does to a block: 1 + scale and tanh(gate), each [1, 1, dim]. All undefined: nothing.
struct Modulation {
  at::Tensor scale_msa, gate_msa, scale_mlp, gate_mlp;
};

/// A transformer block with sandwich norms. It is modulated by t_emb unless it belongs to the context refiner.
struct DiTBlock {
  nn::LinearGroup qkv;
  nn::Linear to_out;
  at::Tensor norm_q, norm_k;
  nn::Linear w1, w2, w3;
  at::Tensor attention_norm1, attention_norm2, ffn_norm1, ffn_norm2;
  nn::Linear adaln;  ///< adaLN_modulation.0; empty if not modulated
  std::int64_t n_heads = 0;
  double eps = 1e-5;

  static DiTBlock load(nn::WeightLoader& weights, const std::string& prefix, const DiTConfig& config, bool modulated);

  /// Replaces each of its tensors by map(tensor), always in the same order.
  void map_tensors(const nn::TensorMap& map);

  /// Returns the modulation of each t_emb [N, adaln_dim]: tensors [N, 1, dim].
  Modulation modulate(const at::Tensor& t_emb) const;

  /// Runs the block on x [B, L, dim] (may overwrite it); rope [L, head_dim/2, 2]. `calls` is how many blocks are to see
  /// this shape, about.
  at::Tensor forward(at::Tensor x, const at::Tensor& rope, const Modulation& modulation, double calls = 1) const;
};

}  // namespace zimage

// Z-Image's diffusion transformer. Source: diffusers, models/transformers/transformer_z_image.py (0.42).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "models/dit_block.h"
#include "models/dit_config.h"
#include "models/dit_steps.h"
#include "nn/linear.h"
#include "nn/stream/layer_store.h"
#include "nn/weight_loader.h"

namespace zimage {

/// The part that doesn't depend on the step: it is made once for each picture and prompt.
struct DiTContext {
  at::Tensor caption;       ///< refined and padded to a multiple of 32: [1, Lc, dim]
  at::Tensor image_rope;    ///< [Lx, head_dim/2, 2]
  at::Tensor unified_rope;  ///< image, then caption: [Lx + Lc, head_dim/2, 2]
  std::int64_t rows = 0;    ///< rows and columns of image tokens
  std::int64_t cols = 0;
};

/// Adds hints to the token stream during a forward; a ControlNet does so. The layers call it in their order, so that it
/// can run alongside them and keeps no stack of hints.
class HintStream {
 public:
  virtual ~HintStream() = default;
  /// Called before the noise refiner; x [1, Lx, dim] is embedded and padded.
  virtual void begin_refiner(const at::Tensor& x, const DiTContext& context, const DiTStep& step) = 0;
  /// Called after noise-refiner layer `layer`; changes x in place.
  virtual void add_refiner_hint(std::size_t layer, at::Tensor& x) = 0;
  /// Called before the main layers; x [1, Lx + Lc, dim].
  virtual void begin_layers(const at::Tensor& x, const DiTContext& context, const DiTStep& step) = 0;
  /// Called after main layer `layer`; changes x in place.
  virtual void add_hint(std::size_t layer, at::Tensor& x) = 0;
};

class DiT {
 public:
  /// Loads the weights. Problems are left in `weights`. If layers are streamed, the weights' source must outlive it.
  static DiT load(nn::WeightLoader& weights, const DiTConfig& config);

  /// Prepares what no step changes. prompt_embeds [1, L, cap_feat_dim]; latent height and width in cells, both even.
  /// Errors: kInput if the picture or prompt is larger than the position tables.
  DiTContext prepare(const at::Tensor& prompt_embeds, std::int64_t height, std::int64_t width) const;

  /// Prepares the steps of a picture that takes so many forwards. In card mode, what depends on the timesteps alone is
  /// computed for all of them at once; elsewhere this changes nothing, so that a step's bits don't depend on the
  /// others.
  DiTSteps prepare_steps(std::vector<float> timesteps, double forwards) const;

  /// Returns the model output (data − noise, i.e. −noise_pred) for latents [B, in_channels, H, W], each with a caption
  /// [B, Lc, dim], at `timestep` = 1 − σ. Computes in the weights' dtype; the result is fp32, of the latents' shape and
  /// on their device. `hints` may be null, and so may `steps`, which prepare_steps() made.
  at::Tensor forward(const at::Tensor& latents, float timestep, const DiTContext& context, HintStream* hints = nullptr,
                     DiTSteps* steps = nullptr) const;

  /// Returns the token that pads a picture's tokens, [1, dim]; a ControlNet's tokens are padded with it too.
  const at::Tensor& x_pad_token() const { return x_pad_token_; }

  /// Lets go of layers that are streamed, because no forward follows for now.
  void rest() const { layers_.rest(); }

  const DiTConfig& config() const { return config_; }

 private:
  /// Returns t_emb of each timestep, [N, adaln_dim].
  at::Tensor embed_timesteps(const std::vector<float>& timesteps) const;
  DiTStep step_at(float timestep, const DiTSteps& steps) const;
  at::Tensor final_scale(const DiTStep& step, DiTSteps& steps) const;

  DiTConfig config_;
  nn::Placement placement_;
  nn::Linear x_embedder_;
  nn::Linear t_mlp0_, t_mlp2_;
  at::Tensor cap_norm_;
  nn::Linear cap_linear_;
  at::Tensor x_pad_token_, cap_pad_token_;
  std::vector<DiTBlock> noise_refiner_, context_refiner_;
  nn::LayerStore<DiTBlock> layers_;
  nn::Linear final_adaln_, final_linear_;
};

}  // namespace zimage

// Z-Image's ControlNets. Source: the trainer's code, VideoX-Fun, videox_fun/models/z_image_transformer2d_control.py.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "models/controlnet_config.h"
#include "models/dit.h"

namespace zimage {

/// A DiT block on the control stream, and the projections that tie it to the base stream.
struct ControlBlock {
  DiTBlock block;
  nn::Linear before_proj;  ///< only in a group's first block
  nn::Linear after_proj;

  /// Replaces each of its tensors by map(tensor), always in the same order.
  void map_tensors(const nn::TensorMap& map);
};

/// The part that doesn't depend on the step: it is made once for each picture.
struct ControlContext {
  at::Tensor tokens;   ///< the embedded control context, padded: [1, Lx, dim]
  double scale = 0.0;  ///< scale of the hints
};

class ControlNet {
 public:
  /// Loads the weights. Problems are left in `weights`. If layers are streamed, the weights' source must outlive it.
  static ControlNet load(nn::WeightLoader& weights, const ControlNetConfig& config, const DiTConfig& base);

  /// Embeds control_context [1, channels, H, W] as tokens. `x_pad_token` is the base model's.
  ControlContext prepare(const at::Tensor& control_context, const at::Tensor& x_pad_token, double scale) const;

  /// Lets go of layers that are streamed, because no forward follows for now.
  void rest() const { layers_.rest(); }

  const ControlNetConfig& config() const { return config_; }

 private:
  friend class ControlPass;

  ControlNetConfig config_;
  nn::Placement placement_;
  nn::Linear x_embedder_;
  nn::LayerStore<ControlBlock> layers_;
  nn::LayerStore<ControlBlock> noise_refiner_;  ///< version 2.1 only; always resident
  std::vector<DiTBlock> plain_refiner_;         ///< version 1 only
};

/// The control stream of one forward. After its first block it no longer reads the base stream, so each block can run
/// just when the base layer that takes its hint needs it, and no stack of hints is kept.
class ControlPass final : public HintStream {
 public:
  /// `modulations` may be null; forwards that share a picture's DiTSteps share these too.
  ControlPass(const ControlNet& net, const ControlContext& context, ControlModulations* modulations = nullptr)
      : net_(net), context_(context), modulations_(modulations == nullptr ? own_ : *modulations) {}
  ControlPass(const ControlPass&) = delete;
  ControlPass& operator=(const ControlPass&) = delete;

  void begin_refiner(const at::Tensor& x, const DiTContext& context, const DiTStep& step) override;
  void add_refiner_hint(std::size_t layer, at::Tensor& x) override;
  void begin_layers(const at::Tensor& x, const DiTContext& context, const DiTStep& step) override;
  void add_hint(std::size_t layer, at::Tensor& x) override;

 private:
  const nn::LayerStore<ControlBlock>& refiner_blocks() const;
  Modulations& modulations_of(const nn::LayerStore<ControlBlock>& blocks);
  /// Runs the group's next block on the control stream.
  void advance(const nn::LayerStore<ControlBlock>& blocks);
  void add(const ControlBlock& block, const char* tap_name, at::Tensor& x) const;

  const ControlNet& net_;
  const ControlContext& context_;
  ControlModulations own_;
  ControlModulations& modulations_;
  at::Tensor c_;     ///< the control stream
  at::Tensor rope_;  ///< for the group that is running
  DiTStep step_;
  std::size_t next_ = 0;  ///< the group's next block
};

}  // namespace zimage

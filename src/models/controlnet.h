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
  nn::Linear before_proj;  ///< of a group's first block only
  nn::Linear after_proj;
};

/// What doesn't depend on the step: made once a picture.
struct ControlContext {
  at::Tensor tokens;   ///< the embedded control context, padded: [1, Lx, dim]
  double scale = 0.0;  ///< of the hints
};

class ControlNet {
 public:
  /// Problems are left in `weights`.
  static ControlNet load(nn::WeightLoader& weights, const ControlNetConfig& config, const DiTConfig& base);

  /// control_context [1, channels, H, W] → its tokens. `x_pad_token` is the base model's.
  ControlContext prepare(const at::Tensor& control_context, const at::Tensor& x_pad_token, double scale) const;

  const ControlNetConfig& config() const { return config_; }

 private:
  friend class ControlPass;

  ControlNetConfig config_;
  nn::Placement placement_;
  nn::Linear x_embedder_;
  std::vector<ControlBlock> layers_;
  std::vector<ControlBlock> noise_refiner_;  ///< 2.1
  std::vector<DiTBlock> plain_refiner_;      ///< v1
};

/// One forward's control stream. After its first block it no longer looks at the base stream, so each block runs just
/// before the base layer that takes its hint, and no stack of hints is kept.
class ControlPass final : public HintStream {
 public:
  ControlPass(const ControlNet& net, const ControlContext& context) : net_(net), context_(context) {}

  void begin_refiner(const at::Tensor& x, const DiTContext& context, const at::Tensor& t_emb) override;
  void add_refiner_hint(std::size_t layer, at::Tensor& x) override;
  void begin_layers(const at::Tensor& x, const DiTContext& context, const at::Tensor& t_emb) override;
  void add_hint(std::size_t layer, at::Tensor& x) override;

 private:
  const std::vector<ControlBlock>& refiner_blocks() const;
  /// Runs the group's next block on the control stream.
  void advance(const std::vector<ControlBlock>& blocks);
  void add(const ControlBlock& block, const char* tap_name, at::Tensor& x) const;

  const ControlNet& net_;
  const ControlContext& context_;
  at::Tensor c_;     ///< the control stream
  at::Tensor rope_;  ///< of the group that runs
  at::Tensor t_emb_;
  std::size_t next_ = 0;  ///< the group's next block
};

}  // namespace zimage

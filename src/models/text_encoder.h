// The Qwen3 text encoder without its last layer. Source: transformers, models/qwen3/modeling_qwen3.py (5.x).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "models/text_encoder_config.h"
#include "nn/linear.h"
#include "nn/stream/layer_store.h"
#include "nn/weight_loader.h"

namespace zimage {

class TextEncoder {
 public:
  /// Loads all layers but the last, without the final norm and the head. Problems are left in `weights`.
  /// If layers are streamed, the weights' source must outlive it.
  static TextEncoder load(nn::WeightLoader& weights, const TextEncoderConfig& config);

  /// Turns token ids into prompt_embeds [1, L, hidden_size], the reference's hidden_states[-2], in the weights' dtype.
  /// Errors: kModel if an id is outside the vocabulary (tokenizer and encoder don't belong together).
  at::Tensor forward(const std::vector<std::int64_t>& ids) const;

  const TextEncoderConfig& config() const { return config_; }

 private:
  struct Layer {
    at::Tensor input_layernorm, post_attention_layernorm, q_norm, k_norm;
    nn::Linear q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj;

    static Layer load(nn::WeightLoader& weights, const std::string& prefix, const TextEncoderConfig& config);
    /// Replaces each of its tensors by map(tensor), always in the same order.
    void map_tensors(const nn::TensorMap& map);
  };

  at::Tensor layer_forward(const Layer& layer, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) const;

  TextEncoderConfig config_;
  nn::Placement placement_;
  nn::Table embed_tokens_;  ///< as in the file, on the CPU: only a few rows are read
  nn::LayerStore<Layer> layers_;
};

}  // namespace zimage

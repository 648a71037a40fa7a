#include "models/text_encoder.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "nn/ops.h"
#include "nn/tap.h"
#include "zimage/error.h"

namespace zimage {
namespace {

/// Rotates halves: (a, b) → (a·cos − b·sin, b·cos + a·sin). x [1, L, H, d], cos and sin [L, 1, d].
at::Tensor rotate_halves(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const auto halves = x.chunk(2, -1);
  return x * cos + at::cat({-halves[1], halves[0]}, -1) * sin;
}

}  // namespace

TextEncoder::Layer TextEncoder::Layer::load(nn::WeightLoader& weights, const std::string& prefix,
                                            const TextEncoderConfig& c) {
  const std::int64_t q_dim = c.num_attention_heads * c.head_dim;
  const std::int64_t kv_dim = c.num_key_value_heads * c.head_dim;
  Layer layer;
  layer.input_layernorm = weights.tensor(prefix + ".input_layernorm.weight", {c.hidden_size});
  layer.post_attention_layernorm = weights.tensor(prefix + ".post_attention_layernorm.weight", {c.hidden_size});
  layer.q_norm = weights.tensor(prefix + ".self_attn.q_norm.weight", {c.head_dim});
  layer.k_norm = weights.tensor(prefix + ".self_attn.k_norm.weight", {c.head_dim});
  layer.q_proj = weights.bulk_linear(prefix + ".self_attn.q_proj", c.hidden_size, q_dim, false);
  layer.k_proj = weights.bulk_linear(prefix + ".self_attn.k_proj", c.hidden_size, kv_dim, false);
  layer.v_proj = weights.bulk_linear(prefix + ".self_attn.v_proj", c.hidden_size, kv_dim, false);
  layer.o_proj = weights.bulk_linear(prefix + ".self_attn.o_proj", q_dim, c.hidden_size, false);
  layer.gate_proj = weights.bulk_linear(prefix + ".mlp.gate_proj", c.hidden_size, c.intermediate_size, false);
  layer.up_proj = weights.bulk_linear(prefix + ".mlp.up_proj", c.hidden_size, c.intermediate_size, false);
  layer.down_proj = weights.bulk_linear(prefix + ".mlp.down_proj", c.intermediate_size, c.hidden_size, false);
  return layer;
}

void TextEncoder::Layer::map_tensors(const nn::TensorMap& map) {
  for (at::Tensor* norm : {&input_layernorm, &post_attention_layernorm, &q_norm, &k_norm}) *norm = map(*norm);
  for (nn::Linear* layer : {&q_proj, &k_proj, &v_proj, &o_proj, &gate_proj, &up_proj, &down_proj}) {
    nn::map_tensors(*layer, map);
  }
}

TextEncoder TextEncoder::load(nn::WeightLoader& weights, const TextEncoderConfig& c) {
  TextEncoder m;
  m.config_ = c;
  m.placement_ = weights.placement();
  m.embed_tokens_ = weights.table("embed_tokens.weight", c.vocab_size, c.hidden_size);
  // It runs once a prompt, so nothing is needed after the last layer.
  m.layers_ = nn::load_layers<Layer>(weights, {.group = "layers", .count = c.num_hidden_layers - 1, .cyclic = false},
                                     [&](const auto& prefix, auto) { return Layer::load(weights, prefix, c); });
  weights.ignore_prefix("layers." + std::to_string(c.num_hidden_layers - 1) + ".");
  weights.ignore_prefix("norm.");
  weights.ignore_prefix("lm_head.");
  weights.ignore_prefix("logit_scale");  // ComfyUI's checkpoints have it
  return m;
}

at::Tensor TextEncoder::layer_forward(const Layer& layer, const at::Tensor& x, const at::Tensor& cos,
                                      const at::Tensor& sin) const {
  const double eps = config_.rms_norm_eps;
  const auto heads = [&](const at::Tensor& t) { return t.unflatten(-1, {-1, config_.head_dim}); };
  const at::Tensor h = nn::rms_norm(x, layer.input_layernorm, eps);
  const at::Tensor q = rotate_halves(nn::rms_norm(heads(layer.q_proj(h)), layer.q_norm, eps), cos, sin);
  const at::Tensor k = rotate_halves(nn::rms_norm(heads(layer.k_proj(h)), layer.k_norm, eps), cos, sin);
  const at::Tensor y = x + layer.o_proj(nn::causal_attention(q, k, heads(layer.v_proj(h))));
  const at::Tensor f = nn::rms_norm(y, layer.post_attention_layernorm, eps);
  return y + layer.down_proj(nn::swiglu_(layer.gate_proj(f), layer.up_proj(f)));
}

at::Tensor TextEncoder::forward(const std::vector<std::int64_t>& ids) const {
  const auto length = static_cast<std::int64_t>(ids.size());
  if (std::any_of(ids.begin(), ids.end(), [&](auto id) { return id < 0 || id >= config_.vocab_size; })) {
    throw Error(ErrorCode::kModel, "the tokenizer produces a token that the text encoder's vocabulary lacks",
                "give the tokenizer.json that belongs to the text encoder");
  }
  at::Tensor x = embed_tokens_.rows(ids).to(placement_.device).to(placement_.dtype).unsqueeze(0);
  tap("text_encoder.embed", x);

  const double dim = static_cast<double>(config_.head_dim);
  const at::Tensor frequency =
      at::pow(config_.rope_theta, at::arange(0, config_.head_dim, 2, at::kFloat) / dim).reciprocal();
  const at::Tensor half = at::outer(at::arange(length, at::kFloat), frequency);
  const at::Tensor angle = at::cat({half, half}, 1).unsqueeze(1);
  const at::Tensor cos = angle.cos().to(placement_.device).to(placement_.dtype);
  const at::Tensor sin = angle.sin().to(placement_.device).to(placement_.dtype);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layer_forward(layers_.at(i), x, cos, sin);
    tap("text_encoder.layers." + std::to_string(i), x);
  }
  layers_.rest();
  tap("text_encoder.output", x);
  return x;
}

}  // namespace zimage

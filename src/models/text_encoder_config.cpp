#include "models/text_encoder_config.h"

#include "base/text.h"
#include "models/shape_probe.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::int64_t kMaxSize = 1 << 24;
constexpr std::int64_t kMaxLayers = 1000;

// The rotation of Qwen3-4B-Instruct-2507 and -Thinking-2507, which have Qwen3-4B's shapes; Qwen3-4B's is 1e6.
constexpr double kRopeThetaOf2507 = 5e6;

TextEncoderConfig from_shapes(const WeightSource& weights) {
  const ShapeProbe probe(weights);
  TextEncoderConfig c;
  c.vocab_size = probe.size("embed_tokens.weight", 0);
  c.hidden_size = probe.size("embed_tokens.weight", 1);
  c.intermediate_size = probe.size("layers.0.mlp.gate_proj.weight", 0);
  c.num_hidden_layers = probe.count("layers.");
  c.head_dim = probe.size("layers.0.self_attn.q_norm.weight", 0);
  if (c.head_dim > 0) {
    c.num_attention_heads = probe.size("layers.0.self_attn.q_proj.weight", 0) / c.head_dim;
    c.num_key_value_heads = probe.size("layers.0.self_attn.k_proj.weight", 0) / c.head_dim;
  }
  return c;
}

/// Refuses settings of Qwen3 files that TextEncoder doesn't implement.
void refuse_other_models(const ConfigReader& json) {
  if (json.boolean("attention_bias") == true) json.fail("'attention_bias' must be false");
  if (json.boolean("use_sliding_window") == true) json.fail("'use_sliding_window' must be false");
  if (json.string("hidden_act").value_or("silu") != "silu") json.fail("'hidden_act' must be silu");
  const auto type = json.string("model_type");
  if (type && *type != "qwen3") json.fail("this belongs to a '" + *type + "' model; the text encoder must be a qwen3");
}

}  // namespace

TextEncoderConfig TextEncoderConfig::detect(const WeightSource& weights, const ConfigText& config) {
  const ConfigReader json(config.json.empty() ? ConfigText{weights.description(), ""} : config);
  refuse_other_models(json);
  TextEncoderConfig c = from_shapes(weights);
  c.vocab_size = json.integer("vocab_size", 1, kMaxSize).value_or(c.vocab_size);
  c.hidden_size = json.integer("hidden_size", 1, kMaxSize).value_or(c.hidden_size);
  c.intermediate_size = json.integer("intermediate_size", 1, kMaxSize).value_or(c.intermediate_size);
  c.num_hidden_layers = json.integer("num_hidden_layers", 1, kMaxLayers).value_or(c.num_hidden_layers);
  c.num_attention_heads = json.integer("num_attention_heads", 1, kMaxSize).value_or(c.num_attention_heads);
  c.num_key_value_heads = json.integer("num_key_value_heads", 1, kMaxSize).value_or(c.num_key_value_heads);
  c.head_dim = json.integer("head_dim", 2, kMaxSize).value_or(c.head_dim);
  c.rms_norm_eps = json.number("rms_norm_eps").value_or(c.rms_norm_eps);
  c.rope_theta =
      json.number("rope_theta").value_or(json.nested_number("rope_parameters", "rope_theta").value_or(c.rope_theta));

  if (c.vocab_size < 1 || c.hidden_size < 1 || c.intermediate_size < 1 || c.num_hidden_layers < 2 ||
      c.num_attention_heads < 1 || c.num_key_value_heads < 1 || c.head_dim < 2) {
    throw Error(ErrorCode::kModel,
                concat({weights.description(),
                        ": these are not the weights of a Qwen3 text encoder: its sizes can't be read from them"}),
                "download this file again");
  }
  if (c.num_attention_heads % c.num_key_value_heads != 0 || c.head_dim % 2 != 0) {
    json.fail("the numbers of attention and key-value heads, or the head size, don't fit together");
  }
  if (!(c.rms_norm_eps > 0) || !(c.rope_theta > 0)) json.fail("'rms_norm_eps' and 'rope_theta' must be positive");
  return c;
}

std::string TextEncoderConfig::warning(const std::string& file_name) const {
  // ComfyUI's files say nothing of rope_theta, so a name may be all that tells.
  const bool named = lower(file_name).find("2507") != std::string::npos;
  if (rope_theta != kRopeThetaOf2507 && !named) return {};
  return std::string("the text encoder's ") + (named ? "name says 2507" : "rope_theta is 5000000") +
         ": it is probably Qwen3-4B-Instruct-2507 or -Thinking-2507, not the "
         "Qwen3-4B that Z-Image was trained with, so pictures may not follow the prompt";
}

}  // namespace zimage

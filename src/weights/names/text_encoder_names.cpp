#include "weights/names/text_encoder_names.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "weights/names/layer_name.h"

namespace zimage {
namespace {

using Spelling = std::pair<std::string_view, std::string_view>;  ///< llama.cpp's name, transformers' name

/// A last layer's output, its norm and lm_head are known and not used; nor is ComfyUI's logit_scale.
constexpr std::array<Spelling, 4> kTop{{{"token_embd.weight", "embed_tokens.weight"},
                                        {"output_norm.weight", "norm.weight"},
                                        {"output.weight", "lm_head.weight"},
                                        {"logit_scale", "logit_scale"}}};
constexpr std::array<Spelling, 11> kLayer{{{"attn_norm.weight", "input_layernorm.weight"},
                                           {"attn_q.weight", "self_attn.q_proj.weight"},
                                           {"attn_k.weight", "self_attn.k_proj.weight"},
                                           {"attn_v.weight", "self_attn.v_proj.weight"},
                                           {"attn_output.weight", "self_attn.o_proj.weight"},
                                           {"attn_q_norm.weight", "self_attn.q_norm.weight"},
                                           {"attn_k_norm.weight", "self_attn.k_norm.weight"},
                                           {"ffn_norm.weight", "post_attention_layernorm.weight"},
                                           {"ffn_gate.weight", "mlp.gate_proj.weight"},
                                           {"ffn_up.weight", "mlp.up_proj.weight"},
                                           {"ffn_down.weight", "mlp.down_proj.weight"}}};

/// A key of config.json, and what follows the architecture in the GGUF's.
constexpr std::array<Spelling, 8> kSizes{{{"hidden_size", "embedding_length"},
                                          {"intermediate_size", "feed_forward_length"},
                                          {"num_hidden_layers", "block_count"},
                                          {"num_attention_heads", "attention.head_count"},
                                          {"num_key_value_heads", "attention.head_count_kv"},
                                          {"head_dim", "attention.key_length"},
                                          {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                          {"rope_theta", "rope.freq_base"}}};

template <std::size_t n>
std::string_view look_up(const std::array<Spelling, n>& names, std::string_view name) {
  for (const auto& [llama_cpp, transformers] : names) {
    if (name == llama_cpp || name == transformers) return transformers;
  }
  return {};
}

/// Returns the number for JSON: whole numbers as integers, and fp32 numbers as they were written (1e-06, which as a
/// double is 9.99999997e-07).
nlohmann::json json_number(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::abs(value) < kExact && value == std::floor(value)) return static_cast<std::int64_t>(value);
  const auto single = static_cast<float>(value);
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : "inf";  // the reader refuses a text
  if (static_cast<double>(single) != value) return value;
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), single).ptr;
  double shortest = value;
  std::from_chars(text.data(), end, shortest);
  return shortest;
}

}  // namespace

std::vector<MappedWeight> text_encoder_names(const std::string& name) {
  for (const char* group : {"layers.", "blk."}) {
    const auto layer = layer_name(name, group);
    if (!layer) continue;
    const std::string_view rest = look_up(kLayer, layer->rest);
    if (rest.empty()) return {};
    return {{.name = concat({"layers.", std::to_string(layer->index), ".", rest}), .stored = {}}};
  }
  const std::string_view known = look_up(kTop, name);
  if (known.empty()) return {};
  return {{.name = std::string(known), .stored = {}}};
}

std::string text_encoder_config(const GGUFHeader& header) {
  const auto architecture = header.text("general.architecture");
  if (!architecture) return {};
  nlohmann::json config = {{"model_type", *architecture}};
  for (const auto& [key, ending] : kSizes) {
    const auto value = header.number(concat({*architecture, ".", ending}));
    if (value) config[std::string(key)] = json_number(*value);
  }
  // A hostile architecture may be no UTF-8, which must not end in an exception here.
  return config.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace zimage

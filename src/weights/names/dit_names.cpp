#include "weights/names/dit_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "weights/names/layer_name.h"

namespace zimage {
namespace {

/// The weights of a block, by diffusers' names. Only a ControlNet's blocks have before_proj and after_proj.
constexpr std::array<std::string_view, 19> kBlock{
    "attention.to_q.weight",   "attention.to_k.weight",     "attention.to_v.weight",   "attention.to_out.0.weight",
    "attention.norm_q.weight", "attention.norm_k.weight",   "feed_forward.w1.weight",  "feed_forward.w2.weight",
    "feed_forward.w3.weight",  "attention_norm1.weight",    "attention_norm2.weight",  "ffn_norm1.weight",
    "ffn_norm2.weight",        "adaLN_modulation.0.weight", "adaLN_modulation.0.bias", "before_proj.weight",
    "before_proj.bias",        "after_proj.weight",         "after_proj.bias"};
constexpr std::string_view kFused = "attention.qkv.weight";
constexpr std::array<std::string_view, 3> kSplit{"attention.to_q.weight", "attention.to_k.weight",
                                                 "attention.to_v.weight"};

constexpr std::array<std::string_view, 16> kTop{"all_x_embedder.2-1.weight",
                                                "all_x_embedder.2-1.bias",
                                                "t_embedder.mlp.0.weight",
                                                "t_embedder.mlp.0.bias",
                                                "t_embedder.mlp.2.weight",
                                                "t_embedder.mlp.2.bias",
                                                "cap_embedder.0.weight",
                                                "cap_embedder.1.weight",
                                                "cap_embedder.1.bias",
                                                "all_final_layer.2-1.linear.weight",
                                                "all_final_layer.2-1.linear.bias",
                                                "all_final_layer.2-1.adaLN_modulation.1.weight",
                                                "all_final_layer.2-1.adaLN_modulation.1.bias",
                                                "norm_final.weight",
                                                "control_all_x_embedder.2-1.weight",
                                                "control_all_x_embedder.2-1.bias"};
/// These are [1, dim]; older GGUF files have them as [dim].
constexpr std::array<std::string_view, 2> kPadTokens{"x_pad_token", "cap_pad_token"};

template <std::size_t n>
bool holds(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Returns the model's name for a file's, in either spelling, or an empty one.
template <std::size_t n>
std::string look_up(const std::array<std::string_view, n>& names, std::string_view name) {
  if (holds(names, name)) return std::string(name);
  for (const auto& [ours, comfyui] : kComfyUIModules) {
    if (!name.starts_with(comfyui) || !name.substr(comfyui.size()).starts_with(".")) continue;
    std::string known = concat({ours, name.substr(comfyui.size())});
    if (holds(names, known)) return known;
  }
  return {};
}

std::vector<MappedWeight> split_rows(std::string_view block, const std::vector<std::int64_t>& shape) {
  // Other models' fused rows hold fewer keys than queries, and an uneven split would lose rows.
  if (shape.size() != 2 || shape[0] < 3 || shape[0] % 3 != 0) return {};
  std::vector<MappedWeight> weights;
  const std::int64_t rows = shape[0] / 3;
  for (std::size_t i = 0; i < kSplit.size(); ++i) {
    weights.push_back({.name = concat({block, kSplit[i]}),
                       .stored = {},
                       .first_row = static_cast<std::int64_t>(i) * rows,
                       .rows = rows,
                       .shape = {rows, shape[1]}});
  }
  return weights;
}

}  // namespace

std::vector<MappedWeight> dit_names(const std::string& name, const std::vector<std::int64_t>& shape) {
  for (const auto& group : kBlockGroups) {
    const auto layer = layer_name(name, group);
    if (!layer) continue;
    const std::string block = name.substr(0, name.size() - layer->rest.size());
    if (layer->rest == kFused) return split_rows(block, shape);
    const std::string rest = look_up(kBlock, layer->rest);
    if (rest.empty()) return {};
    return {{.name = concat({block, rest}), .stored = {}}};
  }
  if (holds(kPadTokens, name)) {
    if (shape.size() == 1) return {{.name = name, .stored = {}, .shape = {1, shape[0]}}};
    return {{.name = name, .stored = {}}};
  }
  std::string known = look_up(kTop, name);
  if (known.empty()) return {};
  return {{.name = std::move(known), .stored = {}}};
}

}  // namespace zimage

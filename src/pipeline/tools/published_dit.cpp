#include "pipeline/tools/published_dit.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "models/shape_probe.h"
#include "zimage/error.h"

namespace zimage {

DiTConfig published_dit_config() {
  DiTConfig c;
  c.in_channels = 16;
  c.dim = 3840;
  c.n_layers = 30;
  c.n_refiner_layers = 2;
  c.n_heads = 30;
  c.cap_feat_dim = 2560;
  c.ffn_dim = 10240;
  c.adaln_dim = 256;
  c.t_mid_dim = 1024;
  c.rope = {256.0, {32, 48, 48}, {1024, 512, 512}};
  return c;
}

ControlNetConfig published_controlnet_config() {
  ControlNetConfig c;
  c.channels = ControlNetConfig::kInpaintChannels;
  for (std::int64_t layer = 0; layer < published_dit_config().n_layers; layer += 2) c.layer_places.push_back(layer);
  c.refiner_places = {0, 1};
  return c;
}

DiTConfig base_of_controlnet(const WeightSource& controlnet) {
  const ShapeProbe probe(controlnet);
  DiTConfig c = published_dit_config();
  const std::int64_t width = probe.size("control_all_x_embedder.2-1.weight", 0);
  if (width == c.dim) return c;
  const std::int64_t head = probe.size("control_layers.0.attention.norm_q.weight", 0);
  if (head < 1 || width % head != 0) {
    throw Error(ErrorCode::kModel,
                concat({controlnet.description(), ": its width ", std::to_string(width),
                        " is no multiple of its heads' ", std::to_string(head)}),
                "the file is damaged: get it again");
  }
  c.dim = width;
  c.n_heads = width / head;
  c.ffn_dim = probe.size("control_layers.0.feed_forward.w1.weight", 0);
  c.adaln_dim = probe.size("control_layers.0.adaLN_modulation.0.weight", 1);
  c.n_layers = 2 * probe.count("control_layers.");  // as version 2.1 has it
  c.n_refiner_layers = std::max<std::int64_t>(1, probe.count("control_noise_refiner."));
  return c;
}

PublishedDiT::PublishedDiT() {
  const DiTConfig c = published_dit_config();
  const std::int64_t patch = c.in_channels * DiTConfig::kPatch * DiTConfig::kPatch;
  add_linear("all_x_embedder.2-1", patch, c.dim, true);
  add_linear("t_embedder.mlp.0", c.adaln_dim, c.t_mid_dim, true);
  add_linear("t_embedder.mlp.2", c.t_mid_dim, c.adaln_dim, true);
  add("cap_embedder.0.weight", {c.cap_feat_dim});
  add_linear("cap_embedder.1", c.cap_feat_dim, c.dim, true);
  add("x_pad_token", {1, c.dim});
  add("cap_pad_token", {1, c.dim});
  add_linear("all_final_layer.2-1.adaLN_modulation.1", c.adaln_dim, c.dim, true);
  add_linear("all_final_layer.2-1.linear", c.dim, patch, true);
  const auto blocks = [&](const std::string& group, std::int64_t count, bool modulated) {
    for (std::int64_t i = 0; i < count; ++i) add_block(concat({group, ".", std::to_string(i), "."}), modulated);
  };
  blocks("noise_refiner", c.n_refiner_layers, true);
  blocks("context_refiner", c.n_refiner_layers, false);
  blocks("layers", c.n_layers, true);
}

void PublishedDiT::add(const std::string& name, std::vector<std::int64_t> shape) {
  infos_[name] = {.shape = std::move(shape), .encoding = Encoding::kBF16, .file = description()};
}

void PublishedDiT::add_linear(const std::string& name, std::int64_t in, std::int64_t out, bool bias) {
  add(name + ".weight", {out, in});
  if (bias) add(name + ".bias", {out});
}

void PublishedDiT::add_block(const std::string& prefix, bool modulated) {
  const DiTConfig c = published_dit_config();
  for (const char* name : {"attention.to_q", "attention.to_k", "attention.to_v", "attention.to_out.0"}) {
    add_linear(prefix + name, c.dim, c.dim, false);
  }
  for (const char* name : {"attention.norm_q.weight", "attention.norm_k.weight"}) add(prefix + name, {c.head_dim()});
  add_linear(prefix + "feed_forward.w1", c.dim, c.ffn_dim, false);
  add_linear(prefix + "feed_forward.w2", c.ffn_dim, c.dim, false);
  add_linear(prefix + "feed_forward.w3", c.dim, c.ffn_dim, false);
  for (const char* name : {"attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2"}) {
    add(concat({prefix, name, ".weight"}), {c.dim});
  }
  if (modulated) add_linear(prefix + "adaLN_modulation.0", c.adaln_dim, 4 * c.dim, true);
}

std::vector<std::string> PublishedDiT::names() const {
  std::vector<std::string> names;
  for (const auto& item : infos_) names.push_back(item.first);
  return names;
}

const WeightInfo* PublishedDiT::find(const std::string& name) const {
  const auto found = infos_.find(name);
  return found == infos_.end() ? nullptr : &found->second;
}

StoredWeight PublishedDiT::stored(const std::string& name) const {
  throw Error(ErrorCode::kModel, concat({in_quotes(name), " has no values here"}));
}

}  // namespace zimage

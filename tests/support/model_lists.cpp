#include "support/model_lists.h"

#include <array>

namespace zimage::test {
namespace {

constexpr std::int64_t kDim = 3840;
constexpr std::int64_t kFFN = 10240;
constexpr std::int64_t kHead = 128;
constexpr std::int64_t kAdaLN = 256;
constexpr std::int64_t kCaption = 2560;

enum class Style { kDiffusers, kComfyUI };

void add_block(NamedShapes& list, const std::string& block, Style style, bool modulated) {
  const bool diffusers = style == Style::kDiffusers;
  const std::string attention = block + ".attention.";
  if (diffusers) {
    for (const char* part : {"to_q", "to_k", "to_v"}) list[attention + part + ".weight"] = {kDim, kDim};
  } else {
    list[attention + "qkv.weight"] = {3 * kDim, kDim};
  }
  list[attention + (diffusers ? "to_out.0.weight" : "out.weight")] = {kDim, kDim};
  list[attention + (diffusers ? "norm_q.weight" : "q_norm.weight")] = {kHead};
  list[attention + (diffusers ? "norm_k.weight" : "k_norm.weight")] = {kHead};
  list[block + ".feed_forward.w1.weight"] = {kFFN, kDim};
  list[block + ".feed_forward.w2.weight"] = {kDim, kFFN};
  list[block + ".feed_forward.w3.weight"] = {kFFN, kDim};
  for (const char* norm : {"attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2"}) {
    list[block + "." + norm + ".weight"] = {kDim};
  }
  if (!modulated) return;
  list[block + ".adaLN_modulation.0.weight"] = {4 * kDim, kAdaLN};
  list[block + ".adaLN_modulation.0.bias"] = {4 * kDim};
}

void add_linear(NamedShapes& list, const std::string& name, std::int64_t out, std::int64_t in) {
  list[name + ".weight"] = {out, in};
  list[name + ".bias"] = {out};
}

NamedShapes dit(Style style) {
  NamedShapes list;
  for (int i = 0; i < 30; ++i) add_block(list, "layers." + std::to_string(i), style, true);
  for (int i = 0; i < 2; ++i) add_block(list, "noise_refiner." + std::to_string(i), style, true);
  for (int i = 0; i < 2; ++i) add_block(list, "context_refiner." + std::to_string(i), style, false);
  const bool diffusers = style == Style::kDiffusers;
  const std::string final_layer = diffusers ? "all_final_layer.2-1." : "final_layer.";
  add_linear(list, diffusers ? "all_x_embedder.2-1" : "x_embedder", kDim, 64);
  add_linear(list, final_layer + "linear", 64, kDim);
  add_linear(list, final_layer + "adaLN_modulation.1", kDim, kAdaLN);
  add_linear(list, "t_embedder.mlp.0", 1024, 256);
  add_linear(list, "t_embedder.mlp.2", kAdaLN, 1024);
  list["cap_embedder.0.weight"] = {kCaption};
  add_linear(list, "cap_embedder.1", kDim, kCaption);
  list["x_pad_token"] = {1, kDim};
  list["cap_pad_token"] = {1, kDim};
  return list;
}

NamedShapes controlnet(Style style) {
  NamedShapes list;
  add_linear(list, "control_all_x_embedder.2-1", kDim, 132);
  const auto add_group = [&](const std::string& group, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string block = group + std::to_string(i);
      add_block(list, block, style, true);
      if (i == 0) add_linear(list, block + ".before_proj", kDim, kDim);
      add_linear(list, block + ".after_proj", kDim, kDim);
    }
  };
  add_group("control_layers.", 15);
  add_group("control_noise_refiner.", 2);
  return list;
}

void add_conv(NamedShapes& list, const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel) {
  list[name + ".weight"] = {out, in, kernel, kernel};
  list[name + ".bias"] = {out};
}

void add_norm(NamedShapes& list, const std::string& name, std::int64_t channels) {
  list[name + ".weight"] = {channels};
  list[name + ".bias"] = {channels};
}

void add_resnet(NamedShapes& list, const std::string& name, std::int64_t in, std::int64_t out, bool ldm) {
  add_norm(list, name + ".norm1", in);
  add_conv(list, name + ".conv1", out, in, 3);
  add_norm(list, name + ".norm2", out);
  add_conv(list, name + ".conv2", out, out, 3);
  if (in != out) add_conv(list, name + (ldm ? ".nin_shortcut" : ".conv_shortcut"), out, in, 1);
}

void add_middle(NamedShapes& list, const std::string& half, bool ldm) {
  add_resnet(list, half + (ldm ? "mid.block_1" : "mid_block.resnets.0"), 512, 512, ldm);
  add_resnet(list, half + (ldm ? "mid.block_2" : "mid_block.resnets.1"), 512, 512, ldm);
  const std::string attention = half + (ldm ? "mid.attn_1." : "mid_block.attentions.0.");
  add_norm(list, attention + (ldm ? "norm" : "group_norm"), 512);
  for (const char* part : {"q", "k", "v"}) {
    if (ldm) {
      add_conv(list, attention + part, 512, 512, 1);
    } else {
      add_linear(list, attention + "to_" + part, 512, 512);
    }
  }
  if (ldm) {
    add_conv(list, attention + "proj_out", 512, 512, 1);
  } else {
    add_linear(list, attention + "to_out.0", 512, 512);
  }
}

NamedShapes vae(bool ldm) {
  NamedShapes list;
  const std::vector<std::int64_t> channels{128, 256, 512, 512};
  const auto resnet = [&](int i) { return (ldm ? ".block." : ".resnets.") + std::to_string(i); };
  add_conv(list, "encoder.conv_in", 128, 3, 3);
  for (int level = 0; level < 4; ++level) {
    const std::string name = (ldm ? "encoder.down." : "encoder.down_blocks.") + std::to_string(level);
    const std::int64_t out = channels[static_cast<std::size_t>(level)];
    const std::int64_t in = level == 0 ? 128 : channels[static_cast<std::size_t>(level - 1)];
    add_resnet(list, name + resnet(0), in, out, ldm);
    add_resnet(list, name + resnet(1), out, out, ldm);
    if (level < 3) add_conv(list, name + (ldm ? ".downsample.conv" : ".downsamplers.0.conv"), out, out, 3);
  }
  // In the order of the computation: LDM's first level to run is up.3, diffusers' is up_blocks.0.
  add_conv(list, "decoder.conv_in", 512, 16, 3);
  for (int step = 0; step < 4; ++step) {
    const std::string name =
        ldm ? "decoder.up." + std::to_string(3 - step) : "decoder.up_blocks." + std::to_string(step);
    const std::int64_t out = channels[static_cast<std::size_t>(3 - step)];
    const std::int64_t in = step == 0 ? 512 : channels[static_cast<std::size_t>(4 - step)];
    for (int i = 0; i < 3; ++i) add_resnet(list, name + resnet(i), i == 0 ? in : out, out, ldm);
    if (step < 3) add_conv(list, name + (ldm ? ".upsample.conv" : ".upsamplers.0.conv"), out, out, 3);
  }
  add_middle(list, "encoder.", ldm);
  add_norm(list, ldm ? "encoder.norm_out" : "encoder.conv_norm_out", 512);
  add_conv(list, "encoder.conv_out", 32, 512, 3);
  add_middle(list, "decoder.", ldm);
  add_norm(list, ldm ? "decoder.norm_out" : "decoder.conv_norm_out", 128);
  add_conv(list, "decoder.conv_out", 3, 128, 3);
  return list;
}

/// The names of a text encoder's layer; the order is that of kLayerShapes.
using LayerNames = std::array<const char*, 11>;
constexpr LayerNames kTransformers{
    "input_layernorm",  "post_attention_layernorm", "self_attn.q_norm", "self_attn.k_norm", "self_attn.q_proj",
    "self_attn.k_proj", "self_attn.v_proj",         "self_attn.o_proj", "mlp.gate_proj",    "mlp.up_proj",
    "mlp.down_proj"};
constexpr LayerNames kLlamaCpp{"attn_norm", "ffn_norm",    "attn_q_norm", "attn_k_norm", "attn_q",  "attn_k",
                               "attn_v",    "attn_output", "ffn_gate",    "ffn_up",      "ffn_down"};
const std::array<std::vector<std::int64_t>, 11> kLayerShapes{{{2560},
                                                              {2560},
                                                              {128},
                                                              {128},
                                                              {4096, 2560},
                                                              {1024, 2560},
                                                              {1024, 2560},
                                                              {2560, 4096},
                                                              {9728, 2560},
                                                              {9728, 2560},
                                                              {2560, 9728}}};

void add_text_layers(NamedShapes& list, const std::string& group, const LayerNames& names) {
  for (int i = 0; i < 36; ++i) {
    for (std::size_t part = 0; part < names.size(); ++part) {
      list[group + std::to_string(i) + "." + names[part] + ".weight"] = kLayerShapes[part];
    }
  }
}

}  // namespace

NamedShapes comfyui_dit() { return dit(Style::kComfyUI); }
NamedShapes diffusers_dit() { return dit(Style::kDiffusers); }
NamedShapes comfyui_controlnet() { return controlnet(Style::kComfyUI); }
NamedShapes diffusers_controlnet() { return controlnet(Style::kDiffusers); }
NamedShapes ldm_vae() { return vae(true); }
NamedShapes diffusers_vae() { return vae(false); }

NamedShapes transformers_qwen3() {
  NamedShapes list{{"model.embed_tokens.weight", {151936, 2560}}, {"model.norm.weight", {2560}}};
  add_text_layers(list, "model.layers.", kTransformers);
  return list;
}

NamedShapes llama_cpp_qwen3() {
  NamedShapes list{{"token_embd.weight", {151936, 2560}}, {"output_norm.weight", {2560}}};
  add_text_layers(list, "blk.", kLlamaCpp);
  return list;
}

NamedShapes prefixed(const std::string& prefix, const NamedShapes& list) {
  NamedShapes out;
  for (const auto& [name, shape] : list) out[prefix + name] = shape;
  return out;
}

void add(NamedShapes& list, const NamedShapes& other) { list.insert(other.begin(), other.end()); }

}  // namespace zimage::test

// What people's files call a model's weights, on the complete lists of the published files.
#include "support/catch.h"
#include "support/memory_source.h"
#include "support/model_lists.h"
#include "weights/names/dit_names.h"
#include "weights/names/text_encoder_names.h"
#include "weights/names/vae_names.h"
#include "weights/open_weights.h"

using namespace zimage;
using namespace zimage::test;

namespace {

/// Returns what a model sees of a file: its names and their shapes.
NamedShapes seen(const NamedShapes& file, Part part) {
  NamedShapes list;
  const OpenedPart opened_part = open_part(opened(file), part);
  for (const auto& name : opened_part.weights->names()) {
    const WeightInfo& info = *opened_part.weights->find(name);
    CHECK(info.problem.empty());
    list[name] = info.shape;
  }
  return list;
}

NamedShapes without_model(const NamedShapes& list) {
  NamedShapes out;
  for (const auto& [name, shape] : list) out[name.substr(std::string("model.").size())] = shape;
  return out;
}

std::string only(const std::vector<MappedWeight>& weights) {
  REQUIRE(weights.size() == 1);
  return weights.front().name;
}

}  // namespace

TEST_CASE("the lists have as many tensors as the published files", "[weights]") {
  CHECK(comfyui_dit().size() == 453);
  CHECK(diffusers_dit().size() == 521);
  CHECK(ldm_vae().size() == 244);
  CHECK(diffusers_vae().size() == 244);
  CHECK(transformers_qwen3().size() == 398);
  CHECK(llama_cpp_qwen3().size() == 398);
}

TEST_CASE("every spelling of a DiT gives the model's names and shapes", "[weights]") {
  const NamedShapes wanted = diffusers_dit();
  for (const std::string prefix : {"", "model.diffusion_model.", "diffusion_model.", "transformer.", "model."}) {
    INFO(prefix);
    CHECK(seen(prefixed(prefix, comfyui_dit()), Part::kDiT) == wanted);
    CHECK(seen(prefixed(prefix, diffusers_dit()), Part::kDiT) == wanted);
  }
  NamedShapes old_gguf = comfyui_dit();
  old_gguf["x_pad_token"] = old_gguf["cap_pad_token"] = {3840};
  CHECK(seen(old_gguf, Part::kDiT) == wanted);
}

TEST_CASE("the known tensor that a DiT doesn't use has its name", "[weights]") {
  NamedShapes list = prefixed("model.diffusion_model.", comfyui_dit());
  list["model.diffusion_model.norm_final.weight"] = {3840};
  CHECK(seen(list, Part::kDiT).contains("norm_final.weight"));
}

TEST_CASE("every spelling of a ControlNet gives the model's names and shapes", "[weights]") {
  const NamedShapes wanted = diffusers_controlnet();
  for (const std::string prefix : {"", "model.diffusion_model.", "diffusion_model.", "transformer."}) {
    INFO(prefix);
    CHECK(seen(prefixed(prefix, diffusers_controlnet()), Part::kControlNet) == wanted);
    CHECK(seen(prefixed(prefix, comfyui_controlnet()), Part::kControlNet) == wanted);
  }
}

TEST_CASE("every spelling of a VAE gives the model's names and shapes", "[weights]") {
  for (const std::string prefix : {"", "vae.", "first_stage_model."}) {
    INFO(prefix);
    CHECK(seen(prefixed(prefix, ldm_vae()), Part::kVAE) == diffusers_vae());
    CHECK(seen(prefixed(prefix, diffusers_vae()), Part::kVAE) == diffusers_vae());
  }
}

TEST_CASE("every spelling of a text encoder gives the model's names and shapes", "[weights]") {
  const NamedShapes wanted = without_model(transformers_qwen3());
  CHECK(seen(transformers_qwen3(), Part::kTextEncoder) == wanted);
  CHECK(seen(wanted, Part::kTextEncoder) == wanted);
  CHECK(seen(llama_cpp_qwen3(), Part::kTextEncoder) == wanted);
  for (const std::string prefix : {"text_encoders.qwen3_4b.transformer.", "text_encoders.qwen3_4b.", "text_encoder."}) {
    INFO(prefix);
    CHECK(seen(prefixed(prefix, transformers_qwen3()), Part::kTextEncoder) == wanted);
  }
}

TEST_CASE("fused attention rows are the queries, keys and values in this order", "[weights]") {
  const auto rows = dit_names("noise_refiner.1.attention.qkv.weight", {12, 4});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].name == "noise_refiner.1.attention.to_q.weight");
  CHECK(rows[1].name == "noise_refiner.1.attention.to_k.weight");
  CHECK(rows[2].name == "noise_refiner.1.attention.to_v.weight");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(rows[i].first_row == static_cast<std::int64_t>(i) * 4);
    CHECK(rows[i].rows == 4);
  }
  // Another model's fused rows would lose some in an even split.
  CHECK(dit_names("layers.0.attention.qkv.weight", {13, 4}).empty());
  CHECK(dit_names("layers.0.attention.qkv.weight", {12}).empty());
}

TEST_CASE("LDM counts the decoder's levels from the other end", "[weights]") {
  // Two levels have equal shapes, so a swap would pass every check of shapes.
  CHECK(only(vae_names("decoder.up.3.block.0.conv1.weight", {512, 512, 3, 3}, 4)) ==
        "decoder.up_blocks.0.resnets.0.conv1.weight");
  CHECK(only(vae_names("decoder.up.2.block.1.norm2.bias", {512}, 4)) == "decoder.up_blocks.1.resnets.1.norm2.bias");
  CHECK(only(vae_names("decoder.up.1.upsample.conv.bias", {256}, 4)) == "decoder.up_blocks.2.upsamplers.0.conv.bias");
  CHECK(only(vae_names("decoder.up.0.block.0.nin_shortcut.weight", {128, 256, 1, 1}, 4)) ==
        "decoder.up_blocks.3.resnets.0.conv_shortcut.weight");
  CHECK(only(vae_names("decoder.up.1.block.0.conv1.weight", {}, 2)) == "decoder.up_blocks.0.resnets.0.conv1.weight");
  CHECK(only(vae_names("encoder.down.2.downsample.conv.weight", {}, 4)) ==
        "encoder.down_blocks.2.downsamplers.0.conv.weight");
  CHECK(only(vae_names("decoder.up_blocks.2.resnets.1.norm2.bias", {256}, 4)) ==
        "decoder.up_blocks.2.resnets.1.norm2.bias");
  CHECK(vae_levels(
            {"decoder.up.0.block.0.conv1.weight", "decoder.up.3.block.0.conv1.weight", "decoder.conv_in.bias"}) == 4);
}

TEST_CASE("only a VAE's attention loses the sides of its 1x1 convolutions", "[weights]") {
  const auto query = vae_names("encoder.mid.attn_1.q.weight", {512, 512, 1, 1}, 4);
  CHECK(only(query) == "encoder.mid_block.attentions.0.to_q.weight");
  CHECK(query.front().shape == std::vector<std::int64_t>{512, 512});
  CHECK(vae_names("encoder.down.1.block.0.nin_shortcut.weight", {256, 128, 1, 1}, 4).front().shape.empty());
  CHECK(vae_names("decoder.mid.attn_1.proj_out.bias", {512}, 4).front().shape.empty());
}

TEST_CASE("names that are almost known are unknown", "[weights]") {
  for (const char* name :
       {"layers.0.attention.to_q.bias", "layers.00.attention.to_q.weight", "layers.-1.attention.to_q.weight",
        "layers.attention.to_q.weight", "layers.1000.attention.to_q.weight", "layers.+1.attention.to_q.weight",
        "layers.1x.attention.to_q.weight", "layers.0", "layers.", "", "x_embedder", "final_layer.norm.weight",
        "layers.0.attention.qkv.weight_scale", "t_embedder.mlp.1.weight"}) {
    INFO(name);
    CHECK(dit_names(name, {12, 4}).empty());
  }
  for (const char* name : {"encoder.down.0.block.0.conv3.weight", "encoder.up.0.block.0.conv1.weight", "conv_in.weight",
                           "decoder.mid.attn_2.q.weight", "encoder.conv_in", "encoder.conv_in.scale", "encoder.",
                           "decoder.up_blocks.0.block.weight", "quant_conv.weight"}) {
    INFO(name);
    CHECK(vae_names(name, {12, 4}, 4).empty());
  }
  for (const char* name : {"blk.0.attn_q.bias", "layers.0.self_attn.rotary_emb.inv_freq", "blk.x.attn_q.weight",
                           "rope_freqs.weight", "embed_tokens", "model.norm.weight"}) {
    INFO(name);
    CHECK(text_encoder_names(name).empty());
  }
}

#include "weights/identify.h"

#include "support/catch.h"
#include "support/memory_source.h"

using namespace zimage;
using namespace zimage::test;

namespace {

FileIdentity of(const NamedShapes& list) { return identify(MemorySource(list)); }

/// Returns the published DiT's list with another tensor.
NamedShapes dit_and(const std::string& name) {
  NamedShapes list = comfyui_dit();
  list[name] = {3840, 1152};
  return list;
}

bool says(const FileIdentity& identity, const std::string& word) {
  return identity.what.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("identify: the published files, whatever their prefix and spelling", "[weights]") {
  for (const std::string prefix : {"", "model.diffusion_model.", "diffusion_model.", "model."}) {
    CHECK(of(prefixed(prefix, comfyui_dit())).kind == FileKind::kDiT);
    CHECK(of(prefixed(prefix, diffusers_dit())).kind == FileKind::kDiT);
    CHECK(of(prefixed(prefix, diffusers_controlnet())).kind == FileKind::kControlNet);
    CHECK(of(prefixed(prefix, comfyui_controlnet())).kind == FileKind::kControlNet);
  }
  for (const std::string prefix : {"", "text_encoders.qwen3_4b.transformer.", "text_encoder."}) {
    CHECK(of(prefixed(prefix, transformers_qwen3())).kind == FileKind::kTextEncoder);
  }
  CHECK(of(llama_cpp_qwen3()).kind == FileKind::kTextEncoder);
  for (const std::string prefix : {"", "vae.", "first_stage_model."}) {
    CHECK(of(prefixed(prefix, ldm_vae())).kind == FileKind::kVAE);
    CHECK(of(prefixed(prefix, diffusers_vae())).kind == FileKind::kVAE);
  }
  CHECK(of(comfyui_dit()).what == "a Z-Image DiT");
  CHECK(of(llama_cpp_qwen3()).what == "a Qwen3 text encoder");
  CHECK(of(ldm_vae()).what == "a VAE");
  CHECK(of(diffusers_controlnet()).what == "a Z-Image ControlNet");
}

TEST_CASE("identify: a file that lacks some tensors is still what it is", "[weights]") {
  CHECK(of({{"layers.2.attention.qkv.weight", {9, 3}}}).kind == FileKind::kDiT);
  CHECK(of({{"model.layers.2.self_attn.q_norm.weight", {9}}}).kind == FileKind::kTextEncoder);
  CHECK(of({{"decoder.mid.attn_1.q.weight", {9, 9, 1, 1}}}).kind == FileKind::kVAE);
  CHECK(of({{"control_layers.0.after_proj.weight", {9, 9}}}).kind == FileKind::kControlNet);
}

TEST_CASE("identify: bundles", "[weights]") {
  NamedShapes list = prefixed("model.diffusion_model.", comfyui_dit());
  add(list, prefixed("vae.", ldm_vae()));
  FileIdentity identity = of(list);
  CHECK(identity.kind == FileKind::kBundle);
  CHECK(identity.has_vae);
  CHECK_FALSE(identity.has_text_encoder);
  CHECK(identity.what == "a Z-Image checkpoint with a DiT and a VAE");
  add(list, prefixed("text_encoders.qwen3_4b.transformer.", transformers_qwen3()));
  identity = of(list);
  CHECK(identity.has_text_encoder);
  CHECK(identity.what == "a Z-Image checkpoint with a DiT, a text encoder and a VAE");
}

TEST_CASE("identify: look-alikes have a name", "[weights]") {
  CHECK(says(of(dit_and("siglip_embedder.0.weight")), "Omni"));
  CHECK(says(of(prefixed("model.diffusion_model.", dit_and("siglip_embedder.0.weight"))), "Omni"));
  CHECK(says(of(dit_and("dec_net.cond_embed.weight")), "pixels"));
  CHECK(says(of(dit_and("__x0__")), "pixels"));
  CHECK(says(of(dit_and("clip_text_pooled_proj.0.weight")), "NewBie"));
  CHECK(says(of(dit_and("layers.0.adaLN_modulation.1.weight")), "Lumina-2"));
  NamedShapes lumina = comfyui_dit();
  lumina["cap_embedder.1.weight"] = {2304, 2304};
  CHECK(says(of(prefixed("model.diffusion_model.", lumina)), "Lumina-2"));
  for (const auto& list : {dit_and("siglip_embedder.0.weight"), dit_and("__x0__"), lumina}) {
    CHECK(of(list).kind == FileKind::kLookAlike);
  }
}

TEST_CASE("identify: other files have a name", "[weights]") {
  struct Case {
    const char* tensor;
    FileKind kind;
    const char* word;
  };
  const Case cases[] = {
      {"diffusion_model.layers.0.attention.to_k.lora_A.weight", FileKind::kLora, "a LoRA"},
      {"lora_unet_layers_0_attention_to_q.lora_down.weight", FileKind::kLora, "a LoRA"},
      {"diffusion_model.layers.0.attention.out.lokr_w1", FileKind::kLora, "a LoRA"},
      {"lycoris_layers_0_attention_to_q.hada_w1_a", FileKind::kLora, "a LoRA"},
      {"layers.0.feed_forward.w1.diff", FileKind::kLora, "a LoRA"},
      {"base_model.model.layers.0.attention.to_q.lora.down.weight", FileKind::kLora, "a LoRA"},
      {"layers.0.attention.to_qkv.qweight", FileKind::kLookAlike, "GPTQ"},
      {"layers.0.attention.to_qkv.smooth_factor", FileKind::kLookAlike, "nunchaku"},
      {"layers.0.attention.to_q.svd_up", FileKind::kLookAlike, "SDNQ"},
      {"layers.0.attention.to_q.weight.quant_state.bitsandbytes__nf4", FileKind::kLookAlike, "bitsandbytes"},
      {"input_hint_block.0.weight", FileKind::kLookAlike, "a ControlNet of another model"},
      {"controlnet_blocks.0.weight", FileKind::kLookAlike, "a ControlNet of another model"},
      {"control_model.zero_convs.0.0.weight", FileKind::kLookAlike, "a ControlNet of another model"},
      {"model.diffusion_model.double_blocks.0.img_attn.qkv.weight", FileKind::kLookAlike, "Flux"},
      {"single_transformer_blocks.0.attn.to_q.weight", FileKind::kLookAlike, "Flux"},
      {"model.diffusion_model.input_blocks.0.0.weight", FileKind::kLookAlike, "SDXL"},
      {"down_blocks.0.resnets.0.conv1.weight", FileKind::kLookAlike, "SDXL"},
      {"model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", FileKind::kLookAlike, "Stable Diffusion 3"},
      {"transformer_blocks.0.img_mod.1.weight", FileKind::kLookAlike, "Qwen-Image"},
      {"encoder.block.0.layer.0.SelfAttention.q.weight", FileKind::kLookAlike, "T5"},
      {"enc.blk.0.attn_q.weight", FileKind::kLookAlike, "T5"},
      {"text_model.encoder.layers.0.mlp.fc1.weight", FileKind::kLookAlike, "CLIP"},
      {"visual.blocks.0.attn.qkv.weight", FileKind::kLookAlike, "Qwen2.5-VL"},
      {"model.layers.0.self_attn.q_proj.bias", FileKind::kLookAlike, "Qwen2"},
      {"blk.0.attn_q.bias", FileKind::kLookAlike, "Qwen2"},
      {"model.layers.0.self_attn.q_proj.weight", FileKind::kLookAlike, "Llama"},
      {"blk.0.attn_q.weight", FileKind::kLookAlike, "Llama"},
      {"model.layers.0.post_feedforward_layernorm.weight", FileKind::kLookAlike, "Gemma"},
      {"blk.0.ffn_gate_exps.weight", FileKind::kLookAlike, "experts"},
      {"quant_conv.weight", FileKind::kLookAlike, "SDXL"},
      {"decoder.middle.0.residual.0.gamma", FileKind::kLookAlike, "Wan"},
      {"taesd_decoder.1.weight", FileKind::kLookAlike, "previews"},
      {"something.weight", FileKind::kUnknown, "none of a Z-Image model's files"},
  };
  for (const Case& one : cases) {
    INFO(one.tensor);
    const FileIdentity identity = of({{one.tensor, {64, 64}}});
    CHECK(identity.kind == one.kind);
    CHECK(says(identity, one.word));
  }
  CHECK(of({}).kind == FileKind::kUnknown);
}

TEST_CASE("identify: a nunchaku file is no LoRA though it has low-rank parts", "[weights]") {
  CHECK(says(of({{"transformer_blocks.0.attn.to_qkv.lora_down", {64, 32}},
                 {"transformer_blocks.0.attn.to_qkv.wscales", {1}},
                 {"transformer_blocks.0.attn.to_qkv.qweight", {64, 32}}}),
             "nunchaku"));
}

TEST_CASE("identify: a checkpoint of another model is that model, though it has a text encoder and a VAE",
          "[weights]") {
  NamedShapes list{{"model.diffusion_model.double_blocks.0.img_attn.qkv.weight", {9216, 3072}}};
  add(list, prefixed("vae.", ldm_vae()));
  add(list, {{"text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q.weight", {4096, 4096}}});
  CHECK(of(list).kind == FileKind::kLookAlike);
  CHECK(says(of(list), "Flux"));
}

// The published files hold exactly what the models ask for, and their shapes give the published sizes.
#include <functional>

#include "models/controlnet.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "support/catch.h"
#include "support/memory_source.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage::test {
namespace {

std::string problems_of(const WeightSource& source, const std::function<void(nn::WeightLoader&)>& load) {
  nn::WeightLoader loader(source, {}, nn::WeightLoader::Mode::kCheck);
  load(loader);
  return loader.problems().summary(20);
}

std::string dit_problems(const NamedShapes& file) {
  const auto weights = open_part(opened(file), Part::kDiT).weights;
  const DiTConfig config = DiTConfig::detect(*weights, {});
  return problems_of(*weights, [&](auto& loader) { DiT::load(loader, config); });
}

TEST_CASE("a published DiT without a config.json has nothing missing and nothing left over") {
  NamedShapes comfyui = prefixed("model.diffusion_model.", comfyui_dit());
  CHECK(dit_problems(comfyui).empty());
  CHECK(dit_problems(diffusers_dit()).empty());
  comfyui["model.diffusion_model.norm_final.weight"] = {3840};
  CHECK(dit_problems(comfyui).empty());

  const auto weights = open_part(opened(comfyui), Part::kDiT).weights;
  const DiTConfig config = DiTConfig::detect(*weights, {});
  CHECK(config.dim == 3840);
  CHECK(config.n_layers == 30);
  CHECK(config.n_refiner_layers == 2);
  CHECK(config.n_heads == 30);
  CHECK(config.cap_feat_dim == 2560);
  CHECK(config.ffn_dim == 10240);
  CHECK(config.in_channels == 16);
  CHECK(config.rope.dims == std::vector<std::int64_t>{32, 48, 48});
}

TEST_CASE("both spellings of one weight, and what nobody asks for, are problems of a DiT") {
  NamedShapes file = comfyui_dit();
  file["layers.7.attention.to_v.weight"] = {3840, 3840};
  file["layers.7.surprise"] = {1};
  const std::string problems = dit_problems(file);
  CHECK(problems.find("unreadable: layers.7.attention.to_v.weight is stored twice, as") != std::string::npos);
  CHECK(problems.find("unexpected: layers.7.surprise") != std::string::npos);
}

TEST_CASE("a published VAE without a config.json has nothing missing and nothing left over") {
  for (const auto& file : {ldm_vae(), diffusers_vae(), prefixed("first_stage_model.", ldm_vae())}) {
    const auto weights = open_part(opened(file), Part::kVAE).weights;
    const VAEConfig config = VAEConfig::detect(*weights, {});
    CHECK(problems_of(*weights, [&](auto& loader) { VAE::load(loader, config); }).empty());
    CHECK(config.block_out_channels == std::vector<std::int64_t>{128, 256, 512, 512});
    CHECK(config.layers_per_block == 2);
    CHECK(config.latent_channels == 16);
  }
}

TEST_CASE("a published text encoder without a config.json has nothing missing and nothing left over") {
  NamedShapes bundled = prefixed("text_encoders.qwen3_4b.transformer.", transformers_qwen3());
  bundled["text_encoders.qwen3_4b.logit_scale"] = {};
  NamedShapes with_head = llama_cpp_qwen3();
  with_head["output.weight"] = {151936, 2560};
  for (const auto& file : {transformers_qwen3(), llama_cpp_qwen3(), bundled, with_head}) {
    const auto weights = open_part(opened(file), Part::kTextEncoder).weights;
    const TextEncoderConfig config = TextEncoderConfig::detect(*weights, {});
    CHECK(problems_of(*weights, [&](auto& loader) { TextEncoder::load(loader, config); }).empty());
    CHECK(config.hidden_size == 2560);
    CHECK(config.num_hidden_layers == 36);
    CHECK(config.num_attention_heads == 32);
    CHECK(config.num_key_value_heads == 8);
    CHECK(config.head_dim == 128);
    CHECK(config.intermediate_size == 9728);
  }
}

TEST_CASE("a published ControlNet in either spelling has nothing missing and nothing left over") {
  const auto dit = open_part(opened(diffusers_dit()), Part::kDiT).weights;
  const DiTConfig base = DiTConfig::detect(*dit, {});
  ControlNetConfig config;
  config.channels = ControlNetConfig::kInpaintChannels;
  config.layer_places = std::vector<std::int64_t>(15);
  for (const auto& file : {diffusers_controlnet(), comfyui_controlnet()}) {
    const auto weights = open_part(opened(file), Part::kControlNet).weights;
    CHECK(problems_of(*weights, [&](auto& loader) { ControlNet::load(loader, config, base); }).empty());
  }
}

TEST_CASE("a GGUF's key-values configure the text encoder like a config.json") {
  auto header = std::make_shared<GGUFHeader>();
  header->values["general.architecture"] = std::string_view("qwen3");
  header->values["qwen3.block_count"] = std::uint64_t{36};
  header->values["qwen3.embedding_length"] = std::uint64_t{2560};
  header->values["qwen3.attention.layer_norm_rms_epsilon"] = static_cast<double>(1e-6F);
  header->values["qwen3.rope.freq_base"] = 5e6;
  OpenedWeights file = opened(llama_cpp_qwen3());
  file.gguf = header;
  const OpenedPart part = open_part(file, Part::kTextEncoder);
  const TextEncoderConfig config = TextEncoderConfig::detect(*part.weights, {"qwen.gguf", part.config});
  CHECK(config.rope_theta == 5e6);
  CHECK(config.rms_norm_eps == 1e-6);
  CHECK(config.warning("qwen.gguf").find("Qwen3-4B-Instruct-2507") != std::string::npos);
  CHECK(TextEncoderConfig::detect(*part.weights, {}).warning("qwen.gguf").empty());

  header->values["general.architecture"] = std::string_view("qwen3vl");
  CHECK_THROWS_AS(TextEncoderConfig::detect(*part.weights, {"qwen.gguf", open_part(file, Part::kTextEncoder).config}),
                  Error);
}

}  // namespace
}  // namespace zimage::test

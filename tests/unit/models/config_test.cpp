// Configs may be damaged or hostile; each is refused with a model error that names the file.
#include <functional>
#include <string>

#include "models/config_json.h"
#include "models/controlnet_config.h"
#include "models/dit_config.h"
#include "models/text_encoder_config.h"
#include "models/vae_config.h"
#include "support/catch.h"
#include "support/memory_source.h"
#include "zimage/error.h"

namespace zimage {
namespace {

class NoWeights final : public WeightSource {
 public:
  std::vector<std::string> names() const override { return {}; }
  const WeightInfo* find(const std::string&) const override { return nullptr; }
  StoredWeight stored(const std::string&) const override { return {}; }
  void release(const std::string&) const override {}
  std::string description() const override { return "none"; }
  std::vector<std::filesystem::path> files() const override { return {}; }
};

template <class Config>
void check_refused(const std::string& json) {
  CAPTURE(json);
  try {
    Config::detect(NoWeights(), {"part/config.json", json});
    FAIL("not refused");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::kModel);
    CHECK(e.message().find("part/config.json") != std::string::npos);
    CHECK(e.message().find('\n') == std::string::npos);
  }
}

const std::string kDiT = R"("in_channels":16,"dim":64,"n_layers":3,"n_refiner_layers":2,"n_heads":2,"cap_feat_dim":32)";

/// The names and shapes of a 33-channel ControlNet with one control layer.
class OneControlLayer final : public WeightSource {
 public:
  std::vector<std::string> names() const override { return {kEmbedder, "control_layers.0.after_proj.weight"}; }
  const WeightInfo* find(const std::string& name) const override { return name == kEmbedder ? &info_ : nullptr; }
  StoredWeight stored(const std::string&) const override { return {}; }
  void release(const std::string&) const override {}
  std::string description() const override { return "one.safetensors"; }
  std::vector<std::filesystem::path> files() const override { return {}; }

 private:
  static constexpr const char* kEmbedder = "control_all_x_embedder.2-1.weight";
  WeightInfo info_{.shape = {32, 132}, .encoding = Encoding::kF32, .bytes = 16896, .file = "one.safetensors"};
};

TEST_CASE("a ControlNet whose hints and refiner don't fit the model is refused") {
  DiTConfig base;
  base.n_layers = 3;
  base.n_refiner_layers = 2;
  // In version 2.0 the control layers give the refiner's hints; here there is one for two layers.
  CHECK_THROWS_AS(ControlNetConfig::detect(OneControlLayer(), {}, base), Error);
  base.n_refiner_layers = 1;
  CHECK(ControlNetConfig::detect(OneControlLayer(), {}, base).refiner_places == std::vector<std::int64_t>{0});
  base.n_refiner_layers = 0;
  const ConfigText config{"config.json", R"({"add_control_noise_refiner":"control_noise_refiner"})"};
  CHECK_THROWS_AS(ControlNetConfig::detect(OneControlLayer(), config, base), Error);
}

TEST_CASE("damaged JSON is refused in every part") {
  for (const char* json : {"{", "[]", "7", "\"text\"", "{\"a\":}", "\xff\xfe"}) {
    check_refused<DiTConfig>(json);
    check_refused<TextEncoderConfig>(json);
    check_refused<VAEConfig>(json);
  }
}

TEST_CASE("a DiT's sizes must make sense") {
  for (const char* json :
       {R"({"dim":"64"})", R"({"dim":-1})", R"({"dim":0})", R"({"dim":1e300})", R"({"dim":18446744073709551615})",
        R"({"n_layers":1000000000})", R"({"norm_eps":"x"})", R"({"axes_dims":[32,"48",48]})", R"({"axes_dims":7})",
        R"({"siglip_feat_dim":1152})", R"({"all_patch_size":[4]})", R"({"qk_norm":false})"}) {
    check_refused<DiTConfig>(json);
  }
  for (const char* rest : {R"("axes_dims":[8,8,8],"axes_lens":[64,64,64])",                   // sum isn't the head size
                           R"("axes_dims":[8,12,12])",                                        // no lengths
                           R"("axes_dims":[7,13,12],"axes_lens":[64,64,64])",                 // odd
                           R"("axes_dims":[8,12,12],"axes_lens":[64,64])",                    // two lengths
                           R"("axes_dims":[8,12,12],"axes_lens":[64,64,64],"n_heads":3)",     // doesn't divide
                           R"("axes_dims":[8,12,12],"axes_lens":[64,64,64],"rope_theta":0)",  // no angle
                           R"("axes_dims":[8,12,12],"axes_lens":[64,64,64],"norm_eps":-1)"}) {
    check_refused<DiTConfig>("{" + kDiT + "," + rest + "}");
  }
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    CHECK(e.hint().find("config.json") != std::string::npos);
    return e.message();
  }
  return "not refused";
}

TEST_CASE("where config.json is missing and needed, the error says so") {
  test::NamedShapes dit{{"all_x_embedder.2-1.weight", {64, 64}},
                        {"layers.0.attention.norm_q.weight", {16}},
                        {"cap_embedder.1.weight", {64, 32}},
                        {"t_embedder.mlp.0.weight", {8, 256}}};
  CHECK(message_of([&] { DiTConfig::detect(test::MemorySource(dit), {}); }) ==
        "memory has no config.json beside it, and its head size 16 isn't the published 128, so its position axes are "
        "unknown");
  dit["layers.0.attention.norm_q.weight"] = {128};
  dit["all_x_embedder.2-1.weight"] = {256, 64};
  CHECK(DiTConfig::detect(test::MemorySource(dit), {}).n_heads == 2);

  test::NamedShapes vae{{"decoder.conv_in.weight", {32, 4, 3, 3}}};
  for (const char* level : {"0", "1", "2", "3"}) {
    vae[std::string("encoder.down_blocks.") + level + ".resnets.0.conv1.weight"] = {32, 32, 3, 3};
  }
  CHECK(
      message_of([&] { VAEConfig::detect(test::MemorySource(vae), {}); }) ==
      "memory comes without the VAE's config.json, and its sizes aren't the published ones, so its groups, scaling and "
      "shift are unknown");
}

TEST_CASE("a text encoder that is probably Qwen3-4B-Instruct-2507 gives a warning") {
  TextEncoderConfig config;
  CHECK(config.warning("qwen_3_4b.safetensors").empty());
  config.rope_theta = 10000;
  CHECK(config.warning("qwen_3_4b.safetensors").empty());
  config.rope_theta = 5e6;
  CHECK(config.warning("qwen_3_4b.safetensors").find("5000000") != std::string::npos);
  CHECK(config.warning("qwen_3_4b.safetensors").find('\n') == std::string::npos);
  config.rope_theta = 1e6;
  CHECK(config.warning("Qwen3-4B-Instruct-2507_bf16.safetensors").find("name says 2507") != std::string::npos);
}

TEST_CASE("a text encoder of another kind is refused") {
  for (const char* json :
       {R"({"model_type":"llama"})", R"({"attention_bias":true})", R"({"hidden_act":"gelu"})", R"({"hidden_size":1.5})",
        R"({"rope_parameters":7})",
        R"({"vocab_size":9,"hidden_size":8,"intermediate_size":8,"num_hidden_layers":3,"num_attention_heads":3,
            "num_key_value_heads":2,"head_dim":8})"}) {
    check_refused<TextEncoderConfig>(json);
  }
}

TEST_CASE("a VAE of another kind is refused") {
  for (const char* json :
       {R"({"use_quant_conv":true})", R"({"block_out_channels":[128,256]})", R"({"in_channels":4})",
        R"({"block_out_channels":[16,32,32,32],"latent_channels":16})",  // groups and scaling are unknown
        R"({"block_out_channels":[16,32,33,32],"latent_channels":16,"norm_num_groups":8,"scaling_factor":1,
            "shift_factor":0})",
        R"({"block_out_channels":[16,32,32,32],"latent_channels":16,"norm_num_groups":8,"scaling_factor":0,
            "shift_factor":0})"}) {
    check_refused<VAEConfig>(json);
  }
}

TEST_CASE("rope_theta is at the top level or in rope_parameters") {
  const std::string sizes =
      R"("vocab_size":9,"hidden_size":8,"intermediate_size":8,"num_hidden_layers":3,"num_attention_heads":2,)"
      R"("num_key_value_heads":1,"head_dim":8)";
  const auto theta = [&](const std::string& rest) {
    return TextEncoderConfig::detect(NoWeights(), {"c", "{" + sizes + rest + "}"}).rope_theta;
  };
  CHECK(theta("") == 1e6);
  CHECK(theta(R"(,"rope_theta":5000)") == 5000);
  CHECK(theta(R"(,"rope_parameters":{"rope_type":"default","rope_theta":7000})") == 7000);
}

}  // namespace
}  // namespace zimage

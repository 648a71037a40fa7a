#include "weights/lora/lora_file.h"

#include <algorithm>

#include "support/catch.h"
#include "unit/weights/lora_files.h"

using namespace zimage;
using namespace zimage::test;
using namespace zimage::test::loras;

TEST_CASE("lora: LoHa, LoKr and differences", "[weights]") {
  const std::string w1 = "lycoris_layers_0_feed_forward_w1";
  const Tensor alpha{w1 + ".alpha", {}, "F32", bytes_of_number(1.0F)};
  const LoraFile loha = read_tensors({{w1 + ".hada_w1_a", {kHidden, 4}},
                                      {w1 + ".hada_w1_b", {4, kDim}},
                                      {w1 + ".hada_w2_a", {kHidden, 4}},
                                      {w1 + ".hada_w2_b", {4, kDim}},
                                      alpha});
  CHECK(fits(loha));
  REQUIRE(loha.layers.size() == 1);
  CHECK(loha.layers[0].kind == LoraKind::kHadamard);
  CHECK(loha.layers[0].scale == 0.25);
  CHECK(kind_of(loha) == "LoHa");

  const std::vector<Tensor> first[] = {{{w1 + ".lokr_w1", {4, 3}}},
                                       {{w1 + ".lokr_w1_a", {4, 2}}, {w1 + ".lokr_w1_b", {2, 3}}}};
  const std::vector<Tensor> second[] = {
      {{w1 + ".lokr_w2", {8, 4}}},
      {{w1 + ".lokr_w2_a", {8, 2}}, {w1 + ".lokr_w2_b", {2, 4}}},
      {{w1 + ".lokr_w2_a", {2, 8}}, {w1 + ".lokr_t2", {2, 2}}, {w1 + ".lokr_w2_b", {2, 4}}}};
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      INFO(i << " " << k);
      std::vector<Tensor> tensors = first[i];
      tensors.insert(tensors.end(), second[k].begin(), second[k].end());
      tensors.push_back(alpha);
      const LoraFile lokr = read_tensors(tensors);
      CHECK(fits(lokr));
      REQUIRE(lokr.layers.size() == 1);
      CHECK(lokr.layers[0].kind == LoraKind::kKronecker);
      CHECK(lokr.layers[0].scale == (i + k == 0 ? 1.0 : 0.5));
    }
  }

  const LoraFile differences = read_tensors({{"diffusion_model.layers.0.attention.to_out.0.diff", {kDim, kDim}},
                                             {"diffusion_model.cap_embedder.1.diff_b", {kDim}},
                                             {"diffusion_model.layers.0.attention.q_norm.w_norm", {4}},
                                             {"diffusion_model.layers.0.attention_norm1.diff", {kDim}},
                                             {"diffusion_model.x_pad_token.diff", {1, kDim}}});
  CHECK(fits(differences));
  Strings changed;
  for (const auto& layer : differences.layers) changed.push_back(weights_of(layer).at(0));
  std::sort(changed.begin(), changed.end());
  CHECK(changed == Strings{"cap_embedder.1.bias", "layers.0.attention.norm_q.weight",
                           "layers.0.attention.to_out.0.weight", "layers.0.attention_norm1.weight", "x_pad_token"});
}

TEST_CASE("lora: alpha may have any dtype, and is ignored where nothing has a rank", "[weights]") {
  const std::string q = "lora_unet_layers_0_attention_to_q";
  const std::pair<const char*, Bytes> alphas[] = {{"F32", bytes_of_number(3.0F)},
                                                  {"F64", bytes_of_number(3.0)},
                                                  {"I64", bytes_of_number(std::int64_t{3})},
                                                  {"BF16", {0x40, 0x40}},
                                                  {"F16", {0x00, 0x42}}};
  for (const auto& [dtype, bytes] : alphas) {
    INFO(dtype);
    const LoraFile lora = read_tensors({{q + ".lora_down.weight", {4, kDim}, "BF16"},
                                        {q + ".lora_up.weight", {kDim, 4}, "F16"},
                                        {q + ".alpha", {}, dtype, bytes}});
    CHECK(fits(lora));
    REQUIRE(lora.layers.size() == 1);
    CHECK(lora.layers[0].scale == 0.75);
  }
  // ai-toolkit writes 9999999999 there, which fp16 can't hold.
  const LoraFile full =
      read_tensors({{q + ".lokr_w1", {3, 3}}, {q + ".lokr_w2", {4, 4}}, {q + ".alpha", {}, "F16", {0x00, 0x7C}}});
  CHECK(fits(full));
  CHECK(full.layers.at(0).scale == 1.0);
  const LoraFile infinite = read_tensors({{q + ".lora_down.weight", {4, kDim}},
                                          {q + ".lora_up.weight", {kDim, 4}},
                                          {q + ".alpha", {}, "F16", {0x00, 0x7C}}});
  CHECK(infinite.layers.empty());
  CHECK(infinite.problems.broken == Strings{q + ".alpha is not a finite number"});
}

TEST_CASE("lora: the alpha that diffusers keeps in the header counts", "[weights]") {
  const std::string q = "transformer.layers.0.attention.to_q", w1 = "transformer.layers.0.feed_forward.w1";
  const std::vector<Tensor> tensors = {{q + ".lora_A.weight", {4, kDim}},
                                       {q + ".lora_B.weight", {kDim, 4}},
                                       {w1 + ".lora_A.weight", {2, kDim}},
                                       {w1 + ".lora_B.weight", {kHidden, 2}}};
  const auto scales = [&](const std::string& settings) {
    const LoraFile lora = read_tensors(tensors, concat({R"({"lora_adapter_metadata":")", settings, "\"}"}));
    return std::pair(lora.layers.at(0).scale, lora.layers.at(1).scale);
  };
  CHECK(scales(R"({\"transformer.r\":4,\"transformer.lora_alpha\":1})") == std::pair(0.25, 0.5));
  CHECK(scales(R"({\"transformer.lora_alpha\":1,\"transformer.alpha_pattern\":{\"feed_forward.w1\":3}})") ==
        std::pair(0.25, 1.5));
  CHECK(scales(R"({\"transformer.lora_alpha\":1,\"transformer.use_rslora\":true})").first == 0.5);
  CHECK(scales(R"({\"text_encoder.lora_alpha\":1})") == std::pair(1.0, 1.0));
  const auto pattern =
      error_of([&] { scales(R"({\"transformer.lora_alpha\":1,\"transformer.alpha_pattern\":{\"layers.*q\":3}})"); });
  REQUIRE(pattern);
  CHECK(pattern->message().find("layers.*q") != std::string::npos);
  for (const char* damaged : {"[]", "{", R"({\"transformer.lora_alpha\":\"x\"})"}) {
    const auto error = error_of([&] { scales(damaged); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kModel);
  }
}

TEST_CASE("lora: what fits nothing is told apart", "[weights]") {
  const std::string q = "diffusion_model.layers.0.attention.to_q";
  const LoraFile lora = read_tensors({{q + ".lora_A.weight", {2, kDim}},
                                      {q + ".lora_B.weight", {kDim, 2}},
                                      {"diffusion_model.layers.99.attention.to_q.lora_A.weight", {2, kDim}},
                                      {"lora_te_layers_0_mlp_up_proj.lora_down.weight", {2, kDim}},
                                      {"text_encoders.qwen3_4b.transformer.model.norm.diff", {2}},
                                      {"layers.0.attention.to_k.oft_blocks", {2, 2, 2}},
                                      {"layers.0.attention.to_v.diff_b", {kDim}},
                                      {"noise", {2}},
                                      {"layers.0.attention.to_v.alpha", {}}});
  CHECK(lora.layers.size() == 1);
  CHECK(lora.is_lora);
  CHECK(lora.other_model.empty());
  CHECK(lora.problems.text_encoder ==
        Strings{"lora_te_layers_0_mlp_up_proj.lora_down.weight", "text_encoders.qwen3_4b.transformer.model.norm.diff"});
  CHECK(lora.problems.unsupported == Strings{"layers.0.attention.to_k.oft_blocks (OFT)"});
  CHECK(lora.problems.unmatched ==
        Strings{"diffusion_model.layers.99.attention.to_q.lora_A.weight", "noise",
                "layers.0.attention.to_v.diff_b (the model has no layers.0.attention.to_v.bias)",
                "layers.0.attention.to_v.alpha (without what it scales)"});
}

TEST_CASE("lora: another model's file is named", "[weights]") {
  const std::pair<const char*, const char*> files[] = {
      {"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", "a Flux model"},
      {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "a Flux or HunyuanVideo model"},
      {"lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight",
       "a Stable Diffusion 1, 2 or XL model"},
      {"transformer_blocks.0.img_mlp.net.2.lora_A.weight", "a Qwen-Image model"},
      {"diffusion_model.blocks.0.self_attn.q.lora_A.weight", "a Wan or Cosmos model"},
      {"control_layers.0.attention.to_q.lora_A.weight", "a Z-Image ControlNet"},
      {"something.else.lora_A.weight", ""}};
  for (const auto& [key, what] : files) {
    INFO(key);
    const LoraFile lora = read_tensors({{key, {2, kDim}}});
    CHECK(lora.is_lora);
    CHECK(lora.layers.empty());
    CHECK(lora.other_model == what);
  }
  CHECK(!read_tensors({{"layers.0.attention.to_q.weight", {kDim, kDim}}}).is_lora);
  const LoraFile wide = read_tensors(
      {{"layers.0.attention.qkv.lora_A.weight", {2, 2304}}, {"layers.0.attention.qkv.lora_B.weight", {4608, 2}}});
  CHECK(wide.layers.empty());
  CHECK(wide.width == 2304);
}

TEST_CASE("lora: every mis-shaped and incomplete layer is listed", "[weights]") {
  const std::string at = "layers.0.attention.";
  const LoraFile lora = read_tensors({{at + "to_q.lora_A.weight", {2, 13}},
                                      {at + "to_q.lora_B.weight", {kDim, 3}},
                                      {at + "to_k.lora_A.weight", {2, kDim}},
                                      {at + "to_v.lora_A.weight", {2, kDim}, "I64"},
                                      {at + "to_v.lora_B.weight", {kDim, 2}},
                                      {at + "to_out.0.lokr_w1", {3, 3}},
                                      {at + "to_out.0.lokr_w2", {5, 4}},
                                      {at + "norm_q.diff", {5}},
                                      {"layers.11.feed_forward.w1.lora_A.weight", {2, kDim}},
                                      {"layers.11.feed_forward.w1.lora_B.weight", {kHidden, 2}},
                                      {"layers.11.feed_forward.w1.dora_scale", {7, 1}},
                                      {"layers.11.feed_forward.w2.lora_A.weight", {0, kHidden}},
                                      {"layers.11.feed_forward.w2.lora_B.weight", {kDim, 0}},
                                      {"layers.11.feed_forward.w3.lora_A.weight", {kDim}},
                                      {"layers.11.feed_forward.w3.lora_B.weight", {kHidden, 1}}});
  CHECK(lora.layers.empty());
  Strings mis_shaped = lora.problems.mis_shaped, broken = lora.problems.broken;
  std::sort(mis_shaped.begin(), mis_shaped.end());
  std::sort(broken.begin(), broken.end());
  CHECK(mis_shaped == Strings{"layers.0.attention.norm_q.diff is [5], should be [4]",
                              "layers.0.attention.to_out.0's LoKr factors are [3, 3] and [5, 4], should make [12, 12]",
                              "layers.0.attention.to_q.lora_A.weight is [2, 13], should be [2, 12]",
                              "layers.0.attention.to_q.lora_B.weight is [12, 3], should be [12, 2]",
                              "layers.11.feed_forward.w1.dora_scale is [7, 1], should be [32, 1] or [1, 12]",
                              "layers.11.feed_forward.w2.lora_A.weight is [0, 32], should be a matrix",
                              "layers.11.feed_forward.w2.lora_B.weight is [12, 0], should be a matrix",
                              "layers.11.feed_forward.w3.lora_A.weight is [12], should be a matrix"});
  CHECK(broken == Strings{"layers.0.attention.to_k has no lora_up",
                          "layers.0.attention.to_v.lora_A.weight is stored as I64, which is not supported"});
}

TEST_CASE("lora: hostile names reach messages in a printable form", "[weights]") {
  const LoraFile lora = read_tensors({{"a\\u001b[31m.lora_A.weight", {2, 2}}, {"base_model.model.", {1}}, {"..", {1}}});
  CHECK(lora.layers.empty());
  for (const std::string& name : lora.problems.unmatched) CHECK(name.find('\x1b') == std::string::npos);
  CHECK(lora.problems.unmatched.size() == 3);
}

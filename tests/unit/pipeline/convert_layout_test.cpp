// What a converted file's header says, for parts whose weights are only names and shapes.
#include "pipeline/tools/convert_layout.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/memory_source.h"
#include "weights/formats/safetensors.h"

using namespace zimage;

namespace {

using Shape = std::vector<std::int64_t>;

std::map<std::string, OutputWeight> layout(Part part, const std::map<std::string, Shape>& shapes, Encoding encoding,
                                           const std::string& prefix = "") {
  const ModelPart model{.part = part, .weights = std::make_shared<test::MemorySource>(shapes)};
  std::map<std::string, OutputWeight> weights;
  for (const OutputWeight& weight : layout_of(model, prefix, encoding)) weights[weight.name] = weight;
  return weights;
}

const std::map<std::string, Shape> kDiT{
    {"all_x_embedder.2-1.weight", {64, 64}},
    {"all_final_layer.2-1.linear.weight", {64, 64}},
    {"cap_embedder.1.weight", {64, 32}},
    {"layers.0.attention.to_q.weight", {64, 64}},
    {"layers.0.attention.to_k.weight", {32, 64}},
    {"layers.0.attention.to_v.weight", {16, 64}},
    {"layers.0.attention.to_out.0.weight", {64, 24}},
    {"layers.0.attention.norm_q.weight", {16}},
    {"layers.0.attention.norm_k.weight", {16}},
    {"layers.0.adaLN_modulation.0.weight", {256, 64}},
    {"layers.0.adaLN_modulation.0.bias", {256}},
    {"x_pad_token", {1, 64}},
};

}  // namespace

TEST_CASE("a DiT's q, k and v become one tensor, their rows in this order", "[convert]") {
  const auto weights = layout(Part::kDiT, kDiT, Encoding::kInt8);
  CHECK(weights.size() == kDiT.size() - 2);
  const OutputWeight& qkv = weights.at("layers.0.attention.qkv.weight");
  CHECK(qkv.shape == Shape{112, 64});
  CHECK(qkv.inputs == std::vector<std::string>{"layers.0.attention.to_q.weight", "layers.0.attention.to_k.weight",
                                               "layers.0.attention.to_v.weight"});
  CHECK(weights.at("layers.0.attention.out.weight").inputs ==
        std::vector<std::string>{"layers.0.attention.to_out.0.weight"});
  for (const char* name : {"x_embedder.weight", "final_layer.linear.weight", "layers.0.attention.q_norm.weight",
                           "layers.0.attention.k_norm.weight", "layers.0.adaLN_modulation.0.bias", "x_pad_token",
                           "cap_embedder.1.weight"}) {
    INFO(name);
    REQUIRE(weights.contains(name));
    CHECK(weights.at(name).encoding == Encoding::kBF16);
  }
}

TEST_CASE("only the blocks' matrices are quantised, and each has its own rotation", "[convert]") {
  const auto int8 = layout(Part::kDiT, kDiT, Encoding::kInt8);
  CHECK(int8.at("layers.0.attention.qkv.weight").rotation == 64);
  CHECK(int8.at("layers.0.attention.out.weight").rotation == 0);  // 24 columns have no group
  for (const char* name :
       {"layers.0.attention.qkv.weight", "layers.0.attention.out.weight", "layers.0.adaLN_modulation.0.weight"}) {
    CHECK(int8.at(name).encoding == Encoding::kInt8);
  }
  for (const auto& [name, weight] : layout(Part::kDiT, kDiT, Encoding::kF8E4M3)) CHECK(weight.rotation == 0);
  for (const auto& [name, weight] : layout(Part::kDiT, kDiT, Encoding::kBF16)) {
    CHECK(weight.encoding == Encoding::kBF16);
  }
}

TEST_CASE("the other parts keep their names, and a prefix comes before all", "[convert]") {
  const std::map<std::string, Shape> text{{"embed_tokens.weight", {64, 64}}, {"layers.0.mlp.up_proj.weight", {64, 64}}};
  const auto written = layout(Part::kTextEncoder, text, Encoding::kInt8, "text_encoders.qwen3_4b.transformer.");
  CHECK(written.at("text_encoders.qwen3_4b.transformer.model.embed_tokens.weight").encoding == Encoding::kBF16);
  CHECK(written.at("text_encoders.qwen3_4b.transformer.model.layers.0.mlp.up_proj.weight").encoding == Encoding::kInt8);
  const std::map<std::string, Shape> control{{"control_layers.0.attention.to_q.weight", {64, 64}},
                                             {"control_noise_refiner.1.before_proj.weight", {64, 64}},
                                             {"control_all_x_embedder.2-1.weight", {64, 64}}};
  const auto net = layout(Part::kControlNet, control, Encoding::kF8E4M3);
  CHECK(net.at("control_layers.0.attention.to_q.weight").encoding == Encoding::kF8E4M3);
  CHECK(net.at("control_noise_refiner.1.before_proj.weight").encoding == Encoding::kF8E4M3);
  CHECK(net.at("control_all_x_embedder.2-1.weight").encoding == Encoding::kBF16);
  const std::map<std::string, Shape> vae{{"decoder.mid_block.attentions.0.to_q.weight", {64, 64}}};
  CHECK(layout(Part::kVAE, vae, Encoding::kInt8).begin()->second.encoding == Encoding::kBF16);
}

TEST_CASE("a quantised weight becomes three tensors, a dense one stays one", "[convert]") {
  OutputWeight weight{.name = "layers.0.w.weight", .source = nullptr, .inputs = {}, .shape = {6, 64}};
  auto tensors = tensors_of(weight);
  REQUIRE(tensors.size() == 1);
  CHECK(tensors[0].dtype == "BF16");
  CHECK(tensors[0].bytes == 6 * 64 * 2);
  CHECK(marker_of(weight).empty());
  weight.encoding = Encoding::kInt8;
  weight.rotation = 64;
  tensors = tensors_of(weight);
  REQUIRE(tensors.size() == 3);
  CHECK(tensors[0].dtype == "I8");
  CHECK(tensors[0].bytes == 6 * 64);
  CHECK(tensors[1].name == "layers.0.w.weight_scale");
  CHECK(tensors[1].shape == Shape{6, 1});
  CHECK(tensors[1].bytes == 6 * sizeof(float));
  CHECK(tensors[2].name == "layers.0.w.comfy_quant");
  CHECK(nlohmann::json::parse(marker_of(weight)) ==
        nlohmann::json{{"format", "int8_tensorwise"}, {"convrot", true}, {"convrot_groupsize", 64}});
  CHECK(marker_of(weight).size() % 8 == 0);
  CHECK(tensors[2].bytes == marker_of(weight).size());
  weight.encoding = Encoding::kF8E4M3;
  weight.rotation = 0;
  tensors = tensors_of(weight);
  REQUIRE(tensors.size() == 3);
  CHECK(tensors[0].dtype == "F8_E4M3");
  CHECK(tensors[1].shape.empty());
  CHECK(tensors[1].bytes == sizeof(float));
  CHECK(nlohmann::json::parse(marker_of(weight)) == nlohmann::json{{"format", "float8_e4m3fn"}});
}

TEST_CASE("the header reads back, and the bytes after it are aligned", "[convert]") {
  const std::vector<OutputTensor> tensors{{"b", "BF16", {2, 3}, 12}, {"a", "F32", {}, 4}, {"c", "U8", {8}, 8}};
  const std::map<std::string, std::string> metadata{{"config.vae", "{\"a\": \"\\u00e9\n\"}"}};
  const std::string text = safetensors_header(tensors, metadata);
  CHECK(text.size() % 64 == 0);
  test::Bytes file = test::bytes_of(text);
  file.resize(file.size() + 24);
  const SafetensorsHeader header = parse_safetensors(file, "file");
  CHECK(header.metadata == metadata);
  REQUIRE(header.tensors.size() == 3);
  CHECK(header.tensors.at("b").begin == text.size());
  CHECK(header.tensors.at("a").begin == text.size() + 12);
  CHECK(header.tensors.at("c").end == file.size());
  CHECK(header.tensors.at("b").shape == Shape{2, 3});
  CHECK(safetensors_header({}, {}).size() == 64);
}

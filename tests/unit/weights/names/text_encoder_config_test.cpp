#include <limits>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "weights/names/text_encoder_names.h"

using namespace zimage;

namespace {

GGUFHeader qwen3() {
  GGUFHeader header;
  header.values["general.architecture"] = std::string_view("qwen3");
  header.values["general.name"] = std::string_view("Qwen3 4B");
  header.values["qwen3.block_count"] = std::uint64_t{36};
  header.values["qwen3.embedding_length"] = std::uint64_t{2560};
  header.values["qwen3.feed_forward_length"] = std::uint64_t{9728};
  header.values["qwen3.attention.head_count"] = std::uint64_t{32};
  header.values["qwen3.attention.head_count_kv"] = std::uint64_t{8};
  header.values["qwen3.attention.key_length"] = std::uint64_t{128};
  header.values["qwen3.attention.layer_norm_rms_epsilon"] = static_cast<double>(1e-6F);
  header.values["qwen3.rope.freq_base"] = static_cast<double>(1e6F);
  header.values["qwen3.context_length"] = std::uint64_t{40960};
  return header;
}

}  // namespace

TEST_CASE("a GGUF's key-values become a config.json", "[weights]") {
  CHECK(nlohmann::json::parse(text_encoder_config(qwen3())) == nlohmann::json::parse(R"({
    "model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36,
    "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000})"));
}

TEST_CASE("what a GGUF doesn't say is left out", "[weights]") {
  CHECK(text_encoder_config({}).empty());
  GGUFHeader header = qwen3();
  header.values.erase("qwen3.rope.freq_base");
  header.values["qwen3.attention.head_count"] = std::vector<std::int64_t>{32, 32};
  const auto config = nlohmann::json::parse(text_encoder_config(header));
  CHECK_FALSE(config.contains("rope_theta"));
  CHECK_FALSE(config.contains("num_attention_heads"));
  CHECK(config.contains("head_dim"));
  // Keys of another architecture than the file's own say nothing.
  header.values["general.architecture"] = std::string_view("llama");
  CHECK(text_encoder_config(header) == R"({"model_type":"llama"})");
}

TEST_CASE("strange values of a GGUF reach the reader of configurations", "[weights]") {
  GGUFHeader header = qwen3();
  header.values["qwen3.block_count"] = 36.5;
  header.values["qwen3.rope.freq_base"] = std::numeric_limits<double>::quiet_NaN();
  header.values["qwen3.attention.layer_norm_rms_epsilon"] = std::numeric_limits<double>::infinity();
  header.values["qwen3.embedding_length"] = std::uint64_t{UINT64_MAX};
  const auto config = nlohmann::json::parse(text_encoder_config(header));
  CHECK(config["num_hidden_layers"] == 36.5);
  CHECK(config["rope_theta"] == "nan");
  CHECK(config["rms_norm_eps"] == "inf");
  CHECK(config["hidden_size"].is_number_float());
  header.values["general.architecture"] = std::string_view("\xff\"");
  CHECK(nlohmann::json::accept(text_encoder_config(header)));
}

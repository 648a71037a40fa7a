#include "pipeline/tools/random_model.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/regular_file.h"
#include "base/text.h"
#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "nn/weight_loader.h"
#include "pipeline/tools/published_dit.h"
#include "weights/random_weights.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 1;
constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;
constexpr std::int64_t kTimestepWidth = 1024;  // no config.json says it; diffusers fixes it
constexpr const char* kTinyVAE = R"({"norm_num_groups": 8, "scaling_factor": 0.3611, "shift_factor": 0.1159})";

/// The sizes of a model's parts.
struct ModelSizes {
  DiTConfig dit;
  TextEncoderConfig text_encoder;
  VAEConfig vae;
};

/// The configs of a model's parts, as texts; a text is empty if there is none.
struct ConfigTexts {
  ConfigText dit, text_encoder, vae;
};

struct Recipe {
  ModelSizes sizes;
  ConfigTexts texts{};
  TokenizerFile tokenizer{};
};

// Qwen3-4B's published sizes. Its tokenizer has ids below 151,936, so every text encoder here has that many rows.
constexpr std::int64_t kVocabulary = 151936;

TextEncoderConfig published_text_encoder() {
  return {.vocab_size = kVocabulary,
          .hidden_size = 2560,
          .intermediate_size = 9728,
          .num_hidden_layers = 36,
          .num_attention_heads = 32,
          .num_key_value_heads = 8,
          .head_dim = 128};
}

VAEConfig published_vae() { return {.block_out_channels = {128, 256, 512, 512}}; }

ModelSizes published_sizes() { return {published_dit_config(), published_text_encoder(), published_vae()}; }

ModelSizes mid_sizes() {
  ModelSizes sizes = published_sizes();
  sizes.dit.dim = 1024;
  sizes.dit.n_heads = 8;
  sizes.dit.n_layers = 8;
  sizes.dit.cap_feat_dim = 256;
  sizes.dit.ffn_dim = 2730;
  sizes.text_encoder.hidden_size = 256;
  sizes.text_encoder.intermediate_size = 768;
  sizes.text_encoder.num_hidden_layers = 5;
  sizes.text_encoder.num_attention_heads = 4;
  sizes.text_encoder.num_key_value_heads = 2;
  sizes.text_encoder.head_dim = 64;
  return sizes;
}

ModelSizes tiny_sizes() {
  ModelSizes sizes = mid_sizes();
  sizes.dit.dim = 128;
  sizes.dit.n_heads = 1;
  sizes.dit.n_layers = 2;
  sizes.dit.n_refiner_layers = 1;
  sizes.dit.cap_feat_dim = 32;
  sizes.dit.ffn_dim = 341;
  sizes.dit.adaln_dim = 128;
  sizes.text_encoder.hidden_size = 32;
  sizes.text_encoder.intermediate_size = 64;
  sizes.text_encoder.num_hidden_layers = 3;
  sizes.text_encoder.num_attention_heads = 2;
  sizes.text_encoder.num_key_value_heads = 1;
  sizes.text_encoder.head_dim = 16;
  sizes.vae.block_out_channels = {8, 16, 16, 16};
  sizes.vae.layers_per_block = 1;
  sizes.vae.norm_num_groups = 8;
  return sizes;
}

/// Has the one tensor whose size a config.json doesn't give, so that a config can be read without a model.
class TimestepShape final : public WeightSource {
 public:
  explicit TimestepShape(std::string description) : description_(std::move(description)) {
    info_.shape = {kTimestepWidth, 256};
  }
  std::vector<std::string> names() const override { return {}; }
  const WeightInfo* find(const std::string& name) const override {
    return name == "t_embedder.mlp.0.weight" ? &info_ : nullptr;
  }
  StoredWeight stored(const std::string&) const override { return {}; }
  void release(const std::string&) const override {}
  std::string description() const override { return description_; }
  std::vector<fs::path> files() const override { return {}; }

 private:
  WeightInfo info_;
  std::string description_;
};

ConfigText read_config(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  return {path.string(), read_text(path, kMaxConfigBytes, ErrorCode::kModel)};
}

ConfigTexts find_configs(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {.dit = read_config(path), .text_encoder = {}, .vae = {}};
  ConfigTexts texts{.dit = read_config(path / "transformer/config.json"),
                    .text_encoder = read_config(path / "text_encoder/config.json"),
                    .vae = read_config(path / "vae/config.json")};
  if (texts.dit.json.empty()) texts.dit = read_config(path / "config.json");
  if (texts.dit.json.empty()) {
    throw Error(ErrorCode::kModel,
                concat({"--random-weights ", path.string(), ": there is no transformer/config.json in it"}),
                "give a folder as diffusers lays it out, or the DiT's config.json");
  }
  return texts;
}

ModelSizes sizes_of(const ConfigTexts& texts) {
  ModelSizes sizes = published_sizes();
  sizes.dit = DiTConfig::detect(TimestepShape(texts.dit.name), texts.dit);
  sizes.text_encoder.hidden_size = sizes.dit.cap_feat_dim;
  sizes.vae.latent_channels = sizes.dit.in_channels;
  if (!texts.text_encoder.json.empty()) {
    sizes.text_encoder = TextEncoderConfig::detect(TimestepShape(texts.text_encoder.name), texts.text_encoder);
  }
  if (!texts.vae.json.empty()) sizes.vae = VAEConfig::detect(TimestepShape(texts.vae.name), texts.vae);
  return sizes;
}

/// Asks a model which weights it would load, and makes them.
template <class Model, class Config>
OpenedPart random_part(const Config& config, const ConfigText& text) {
  const TimestepShape nothing("random weights");
  nn::WeightLoader loader(nothing, {}, nn::WeightLoader::Mode::kCheck);
  Model::load(loader, config);
  return {.weights = std::make_shared<RandomWeights>(loader.asked(), kSeed, "random weights"),
          .config = text.json,
          .gguf = nullptr};
}

Recipe recipe_of_path(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(ErrorCode::kUsage,
                concat({"--random-weights ", in_quotes(path.string()), " is no shape, and no such path"}),
                "it is published, mid, tiny, or the path of a config.json or of a diffusers folder");
  }
  Recipe recipe;
  recipe.texts = find_configs(path);
  recipe.sizes = sizes_of(recipe.texts);
  const fs::path tokenizer = path / "tokenizer/tokenizer.json";
  if (fs::exists(tokenizer, error)) recipe.tokenizer = {TokenizerFile::Kind::kJson, tokenizer};
  return recipe;
}

Recipe recipe_of(const std::string& shape) {
  if (shape == "published") return {.sizes = published_sizes()};
  if (shape == "mid") return {.sizes = mid_sizes()};
  if (shape != "tiny") return recipe_of_path(shape);
  return {.sizes = tiny_sizes(), .texts = {.dit = {}, .text_encoder = {}, .vae = {"tiny", kTinyVAE}}};
}

}  // namespace

OpenedFiles random_model(const std::string& shape) {
  Recipe recipe = recipe_of(shape);
  const auto& [dit, text_encoder, vae] = recipe.sizes;
  if (recipe.texts.text_encoder.json.empty()) {
    // The last layer is never loaded, so nothing but a config tells how many there are.
    recipe.texts.text_encoder.json =
        concat({R"({"num_hidden_layers": )", std::to_string(text_encoder.num_hidden_layers), "}"});
  }
  OpenedFiles model;
  model.files.name = concat({"random weights (", printable(shape), ")"});
  model.files.index = R"({"random_weights": true})";
  model.files.tokenizer = recipe.tokenizer;
  model.dit = random_part<DiT>(dit, recipe.texts.dit);
  model.text_encoder = random_part<TextEncoder>(text_encoder, recipe.texts.text_encoder);
  model.vae = random_part<VAE>(vae, recipe.texts.vae);
  return model;
}

}  // namespace zimage

#include "pipeline/tools/random_model.h"

#include <algorithm>
#include <map>

#include "models/text_encoder_config.h"
#include "models/vae_config.h"
#include "pipeline/tools/published_dit.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

namespace zimage {
namespace {

std::map<std::string, std::vector<std::int64_t>> shapes_of(const WeightSource& source) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const std::string& name : source.names()) shapes[name] = source.find(name)->shape;
  return shapes;
}

TEST_CASE("random weights of the published shape have the published names and shapes") {
  const OpenedFiles model = random_model("published");
  auto published = shapes_of(PublishedDiT());
  std::erase_if(published, [](const auto& item) { return item.first.starts_with("norm_final."); });  // never used
  CHECK(shapes_of(*model.dit.weights) == published);
  const DiTConfig dit = DiTConfig::detect(*model.dit.weights, {"random", model.dit.config});
  CHECK(dit.n_layers == 30);
  const auto encoder = TextEncoderConfig::detect(*model.text_encoder.weights, {"random", model.text_encoder.config});
  CHECK(encoder.num_hidden_layers == 36);
  CHECK(encoder.num_attention_heads == 32);
  CHECK(encoder.num_key_value_heads == 8);
  CHECK(encoder.hidden_size == dit.cap_feat_dim);
  CHECK(VAEConfig::detect(*model.vae.weights, {"random", model.vae.config}).layers_per_block == 2);
}

TEST_CASE("a config.json gives the DiT's shape, and the other parts fit it") {
  const test::TemporaryFolder folder;
  test::write(
      folder / "config.json",
      R"({"dim": 256, "n_heads": 2, "n_layers": 3, "n_refiner_layers": 1, "cap_feat_dim": 48, "in_channels": 8})");
  const OpenedFiles model = random_model((folder / "config.json").string());
  const DiTConfig dit = DiTConfig::detect(*model.dit.weights, {"random", model.dit.config});
  CHECK(dit.dim == 256);
  CHECK(dit.n_layers == 3);
  CHECK(model.text_encoder.weights->find("embed_tokens.weight")->shape.back() == 48);
  CHECK(VAEConfig::detect(*model.vae.weights, {"random", model.vae.config}).latent_channels == 8);
  CHECK(shapes_of(*random_model(folder.path().string()).dit.weights) == shapes_of(*model.dit.weights));
}

TEST_CASE("an unknown shape and an empty folder are refused") {
  const test::TemporaryFolder folder;
  const auto code_of = [](const std::string& shape) {
    try {
      random_model(shape);
    } catch (const Error& e) {
      return e.code();
    }
    return ErrorCode::kRuntime;
  };
  CHECK(code_of("publised") == ErrorCode::kUsage);
  CHECK(code_of(folder.path().string()) == ErrorCode::kModel);
}

}  // namespace
}  // namespace zimage

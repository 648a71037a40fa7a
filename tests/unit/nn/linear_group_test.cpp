#include "nn/linear_group.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "nn/card_mode.h"
#include "nn/lora/lora_set.h"
#include "nn/weight_loader.h"
#include "support/catch.h"
#include "weights/lora/lora_file.h"
#include "weights/open_weights.h"

namespace zimage::nn {
namespace {

const std::filesystem::path kFixtures = std::filesystem::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures";

struct Parts {
  at::Tensor q = at::randn({6, 8}), k = at::randn({4, 8}), v = at::randn({10, 8});
  std::vector<Linear> layers() const { return {{dense_weight(q), {}}, {dense_weight(k), {}}, {dense_weight(v), {}}}; }
};

const std::vector<std::int64_t> kWidths = {6, 4, 10};

TEST_CASE("a joined group's results are columns of one product") {
  at::manual_seed(1);
  const Parts parts;
  const LinearGroup apart(parts.layers(), kWidths, /*join=*/false);
  const LinearGroup joined(parts.layers(), kWidths, /*join=*/true);
  CHECK_FALSE(apart.joined());
  REQUIRE(joined.joined());
  const at::Tensor x = at::randn({2, 5, 8});
  const auto expected = apart(x);
  const auto results = joined(x);
  REQUIRE(results.size() == 3);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(at::allclose(results[i], expected[i], 1e-5, 1e-6));
    CHECK(results[i].stride(1) == 20);
    CHECK(results[i].is_alias_of(results[0]));
  }
  CHECK(at::equal(expected[1], at::linear(x, parts.k)));
}

TEST_CASE("only dense weights of one dtype, without biases, are joined") {
  const Parts parts;
  auto layers = parts.layers();
  layers[1].bias = at::zeros({4});
  CHECK_FALSE(LinearGroup(layers, kWidths, true).joined());
  layers[1] = {dense_weight(parts.k.to(at::kBFloat16)), {}};
  CHECK_FALSE(LinearGroup(layers, kWidths, true).joined());
  if (packing_available()) {
    layers[1] = {packed_weight(parts.k), {}};
    CHECK_FALSE(LinearGroup(layers, kWidths, true).joined());
  }
}

TEST_CASE("a joined group's matrix can move") {
  const Parts parts;
  LinearGroup group(parts.layers(), kWidths, true);
  int moved = 0;
  map_tensors(group, [&](const at::Tensor& tensor) {
    ++moved;
    CHECK(tensor.sizes() == at::IntArrayRef({20, 8}));
    return tensor * 2.0;
  });
  CHECK(moved == 1);
  const at::Tensor x = at::randn({3, 8});
  CHECK(at::allclose(group(x)[2], at::linear(x, parts.v) * 2.0, 1e-5, 1e-5));
}

TEST_CASE("LoRAs change each part of a joined group") {
  const auto base = open_weights(kFixtures / "loras" / "base.safetensors").weights;
  const std::string name = GENERATE(as<std::string>{}, "peft_lora", "peft_dora", "lycoris_lokr_fused");
  CAPTURE(name);
  const auto peft = kFixtures / "loras" / name / "adapter_model.safetensors";
  LoraSet loras;
  loras.add(read_lora(exists(peft) ? peft : kFixtures / "loras" / name / "lora.safetensors", *base), 0.7);
  const std::vector<std::string> prefixes = {"layers.0.attention.to_q", "layers.0.attention.to_k",
                                             "layers.0.attention.to_v"};
  const std::int64_t dim = base->find(prefixes[0] + ".weight")->shape[0];
  const auto load = [&](bool card, const LoraSet* changes) {
    const ScopedCardMode mode(card);
    WeightLoader loader(*base, {}, WeightLoader::Mode::kLoad);
    if (changes != nullptr) loader.change_by(*changes);
    LinearGroup group = loader.bulk_linear_group(prefixes, dim, {dim, dim, dim});
    CHECK(group.joined() == card);
    return group;
  };
  const at::Tensor x = at::randn({7, dim});
  const auto unchanged = load(true, nullptr)(x);
  const auto expected = load(false, &loras)(x);
  const auto results = load(true, &loras)(x);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(at::allclose(results[i], expected[i], 1e-4, 1e-5));
    CHECK_FALSE(at::allclose(results[i], unchanged[i], 1e-3, 1e-3));
  }
}

TEST_CASE("a group that is streamed from its mapped file isn't joined") {
  const ScopedCardMode mode(true);
  const auto base = open_weights(kFixtures / "loras" / "base.safetensors").weights;
  const std::vector<std::string> prefixes = {"layers.0.attention.to_q", "layers.0.attention.to_k"};
  const std::int64_t dim = base->find(prefixes[0] + ".weight")->shape[0];
  WeightLoader loader(*base, {.as_stored = true}, WeightLoader::Mode::kLoad);
  CHECK_FALSE(loader.bulk_linear_group(prefixes, dim, {dim, dim}).joined());
}

}  // namespace
}  // namespace zimage::nn

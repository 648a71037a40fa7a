// Compares merges with what PEFT's and LyCORIS' own layers make (scripts/make_lora_fixtures.py).
#include <ATen/ATen.h>

#include <cstring>
#include <filesystem>
#include <limits>

#include "base/text.h"
#include "nn/linear_policy.h"
#include "nn/lora/lora_set.h"
#include "nn/lora/low_rank_weight.h"
#include "nn/weight_loader.h"
#include "support/catch.h"
#include "support/files.h"
#include "weights/lora/lora_file.h"
#include "weights/open_weights.h"

namespace zimage::nn {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures" / "loras";

std::shared_ptr<const WeightSource> base() {
  static const auto source = open_weights(kFixtures / "base.safetensors").weights;
  return source;
}

LoraFile read(const std::string& name) {
  const fs::path peft = kFixtures / name / "adapter_model.safetensors";
  return read_lora(fs::exists(peft) ? peft : kFixtures / name / "lora.safetensors", *base());
}

at::Tensor original(const std::string& weight) { return base()->stored(weight).data; }

/// Returns the weight as it is loaded with the LoRAs.
at::Tensor merged(const LoraSet& loras, const std::string& weight, const Placement& placement = {}) {
  return make_tensor(base()->stored(weight), loras.changes(weight, *base(), placement.device), placement);
}

LoraSet set_of(const std::string& name, double scale = 1.0) {
  LoraSet loras;
  loras.add(read(name), scale);
  return loras;
}

double apart(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_CASE("merges equal those of PEFT and LyCORIS") {
  const auto name =
      GENERATE(as<std::string>{}, "peft_lora", "peft_lora_fused", "peft_rslora", "peft_patterns", "peft_dora",
               "peft_loha", "peft_lokr", "peft_lokr_both", "lycoris_lora", "lycoris_loha", "lycoris_lokr",
               "lycoris_lokr_full", "lycoris_lokr_fused", "lycoris_dora_rows", "lycoris_dora_columns_lora",
               "lycoris_dora_columns_loha", "lycoris_dora_columns_lokr", "lycoris_full");
  INFO(name);
  const LoraFile file = read(name);
  CHECK(file.problems.unmatched.empty());
  CHECK(file.problems.broken.empty());
  CHECK(file.problems.mis_shaped.empty());
  const LoraSet loras = set_of(name);
  const auto reference = open_weights(kFixtures / name / "reference.safetensors").weights;
  std::size_t changed = 0;
  for (const std::string& weight : reference->names()) {
    INFO(weight);
    const at::Tensor expected = reference->stored(weight).data;
    const double scale = std::max(1.0, expected.abs().max().item<double>());
    CHECK(apart(merged(loras, weight), expected) <= 1e-6 * scale);
    if (apart(original(weight), expected) > 1e-2) ++changed;
  }
  CHECK(changed >= (name == "peft_lora_fused" ? 8 : 16));
}

TEST_CASE("rows can be changed a panel at a time") {
  const auto name = GENERATE(as<std::string>{}, "peft_lora", "peft_dora", "lycoris_loha", "lycoris_lokr_fused",
                             "lycoris_dora_rows", "lycoris_dora_columns_lora", "lycoris_full");
  INFO(name);
  const LoraSet loras = set_of(name, 0.7);
  for (const std::string weight : {"layers.0.attention.to_k.weight", "layers.0.feed_forward.w1.weight"}) {
    const auto changes = loras.changes(weight, *base(), at::kCPU);
    REQUIRE(!changes.empty());
    const at::Tensor whole = merged(loras, weight);
    at::Tensor panels = original(weight).clone();
    for (std::int64_t begin = 0; begin < panels.size(0); begin += 5) {
      at::Tensor rows = panels.narrow(0, begin, std::min<std::int64_t>(5, panels.size(0) - begin)).clone();
      apply(changes, rows, begin);
      panels.narrow(0, begin, rows.size(0)).copy_(rows);
    }
    CHECK(apart(panels, whole) <= 1e-6 * whole.abs().max().item<double>());
  }
}

TEST_CASE("a scale multiplies what a LoRA adds, and a DoRA goes from the weight to its result") {
  const auto name = GENERATE(as<std::string>{}, "peft_lora", "lycoris_loha", "lycoris_lokr", "lycoris_full",
                             "peft_dora", "lycoris_dora_columns_lokr");
  const double scale = GENERATE(0.5, -1.25);
  INFO(name << " " << scale);
  const auto reference = open_weights(kFixtures / name / "reference.safetensors").weights;
  const std::string weight = "layers.0.attention.to_out.0.weight";
  const at::Tensor before = original(weight);
  const at::Tensor expected = before + scale * (reference->stored(weight).data - before);
  CHECK(apart(merged(set_of(name, scale), weight), expected) <= 3e-6 * expected.abs().max().item<double>());
}

TEST_CASE("a scale of 0 leaves the file's own bytes in use") {
  const std::string weight = "layers.0.attention.to_q.weight";
  const StoredWeight stored = base()->stored(weight);
  const auto changes = set_of("peft_dora", 0.0).changes(weight, *base(), at::kCPU);
  CHECK(changes.empty());
  CHECK(refers_to_stored(stored, changes, {}, WeightUse::kPrecise));
  CHECK(make_tensor(stored, changes, {}).data_ptr() == stored.data.data_ptr());
}

TEST_CASE("several LoRAs add up, and a DoRA works on what the earlier ones left") {
  const std::string weight = "layers.0.attention.to_v.weight";
  LoraSet both;
  both.add(read("peft_lora"), 0.5);
  both.add(read("lycoris_lokr"), -2.0);
  const at::Tensor before = original(weight);
  const at::Tensor lora = merged(set_of("peft_lora", 0.5), weight) - before;
  const at::Tensor lokr = merged(set_of("lycoris_lokr", -2.0), weight) - before;
  CHECK(apart(merged(both, weight), before + lora + lokr) <= 5e-6);

  for (const std::string dora : {"lycoris_dora_rows", "lycoris_dora_columns_lora"}) {
    LoraSet in_order;
    in_order.add(read("peft_lora"), 1.0);
    in_order.add(read(dora), 1.0);
    const at::Tensor result = merged(in_order, weight);
    LoraSet turned;
    turned.add(read(dora), 1.0);
    turned.add(read("peft_lora"), 1.0);
    CHECK(apart(result, merged(turned, weight)) > 1e-2);
    if (dora != "lycoris_dora_rows") continue;
    // Whatever came before, DoRA gives each row its magnitude.
    const at::Tensor norms = at::linalg_vector_norm(result, 2, {1});
    const at::Tensor alone = at::linalg_vector_norm(merged(set_of(dora), weight), 2, {1});
    CHECK(apart(norms, alone) <= 1e-5);
  }
}

TEST_CASE("two halves of a LoRA are the whole") {
  const std::string weight = "noise_refiner.0.adaLN_modulation.0.weight";
  LoraSet halves;
  halves.add(read("peft_lora"), 0.5);
  halves.add(read("peft_lora"), 0.5);
  CHECK(apart(merged(halves, weight), merged(set_of("peft_lora"), weight)) <= 3e-6);
}

TEST_CASE("a product beside a weight equals one that is merged into it") {
  const std::string weight = "layers.0.feed_forward.w2.weight";
  LoraSet loras;
  loras.add(read("peft_lora"), 0.8);
  loras.add(read("lycoris_lora"), -0.3);
  std::vector<LowRank> products;
  for (const auto& change : loras.changes(weight, *base(), at::kCPU)) {
    REQUIRE(change->low_rank() != nullptr);
    products.push_back(*change->low_rank());
  }
  REQUIRE(products.size() == 2);
  const at::Tensor x = at::randn({2, 3, 32}), bias = at::randn({12});
  const auto beside = with_low_rank(dense_weight(original(weight)), products, at::kFloat);
  const at::Tensor expected = at::linear(x, merged(loras, weight), bias);
  CHECK(apart(beside->forward(x, bias), expected) <= 1e-6 * expected.abs().max().item<double>() * 4);
  CHECK(apart(beside->forward(x, bias), at::linear(x, original(weight), bias)) > 0.1);
}

TEST_CASE("a loader changes weights, packed ones and biases too, and nothing without LoRAs") {
  const LoraSet loras = set_of("lycoris_full");
  const auto reference = open_weights(kFixtures / "lycoris_full" / "reference.safetensors").weights;
  const std::string module = "layers.0.adaLN_modulation.0";
  const at::Tensor weight = reference->stored(module + ".weight").data;
  const at::Tensor bias = reference->stored(module + ".bias").data;
  const at::Tensor x = at::randn({3, 8});
  const at::Tensor expected = at::linear(x, weight, bias);
  REQUIRE(apart(bias, original(module + ".bias")) > 1e-2);
  for (const bool packed : {false, true}) {
    if (packed && !packing_available()) continue;
    WeightLoader loader(*base(), {.packed = packed}, WeightLoader::Mode::kLoad);
    loader.change_by(loras);
    CHECK(apart(loader.linear(module, 8, 48, true)(x), expected) <= 1e-5);
    CHECK(apart(loader.row_linear(module, 8, 48, true)(x), expected) <= 1e-5);
    WeightLoader plain(*base(), {.packed = packed}, WeightLoader::Mode::kLoad);
    CHECK(apart(plain.linear(module, 8, 48, true)(x), expected) > 0.1);
  }
}

TEST_CASE("merges are rounded once, to the placement's dtype") {
  const std::string weight = "layers.0.attention.to_q.weight";
  const LoraSet loras = set_of("peft_lora");
  const at::Tensor rounded = merged(loras, weight, {.dtype = at::kBFloat16});
  CHECK(rounded.scalar_type() == at::kBFloat16);
  CHECK(at::equal(rounded, merged(loras, weight).to(at::kBFloat16)));
}

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Writes fp32 tensors of layers.0.attention.to_q to a file, by the ends of their keys.
void write_lora(const fs::path& path, const Tensors& tensors) {
  std::string json = "{";
  test::Bytes data;
  for (const auto& [ending, tensor] : tensors) {
    std::string shape;
    for (const auto side : tensor.sizes()) shape += concat({shape.empty() ? "" : ",", std::to_string(side)});
    const std::size_t begin = data.size();
    data.resize(begin + tensor.nbytes());
    std::memcpy(data.data() + begin, tensor.contiguous().const_data_ptr(), tensor.nbytes());
    json += concat({json == "{" ? "" : ",", R"("layers.0.attention.to_q.)", ending, R"(":{"dtype":"F32","shape":[)",
                    shape, R"(],"data_offsets":[)", std::to_string(begin), ",", std::to_string(data.size()), "]}"});
  }
  test::write(path, test::safetensors(json + "}", data));
}

TEST_CASE("a core between two factors is multiplied with them") {
  const test::TemporaryFolder folder;
  const std::string weight = "layers.0.attention.to_q.weight";
  const auto t = [](at::IntArrayRef shape) { return at::randn(shape); };
  const auto added = [&](const Tensors& tensors) {
    write_lora(folder / "lora.safetensors", tensors);
    LoraSet loras;
    loras.add(read_lora(folder / "lora.safetensors", *base()), 1.0);
    return merged(loras, weight) - original(weight);
  };
  const at::Tensor up = t({12, 3}), mid = t({3, 2}), down = t({2, 12});
  const at::Tensor lora = added({{"lora_up.weight", up},
                                 {"lora_mid.weight", mid.view({3, 2, 1, 1})},
                                 {"lora_down.weight", down},
                                 {"alpha", at::full({}, 4.0F)}});
  CHECK(apart(lora, 2 * at::linalg_multi_dot({up, mid, down})) <= 1e-5);

  const at::Tensor a1 = t({2, 12}), t1 = t({2, 2}), b1 = t({2, 12}), a2 = t({2, 12}), t2 = t({2, 2}), b2 = t({2, 12});
  const at::Tensor loha = added(
      {{"hada_w1_a", a1}, {"hada_t1", t1}, {"hada_w1_b", b1}, {"hada_w2_a", a2}, {"hada_t2", t2}, {"hada_w2_b", b2}});
  const auto rebuilt = [](const at::Tensor& a, const at::Tensor& core, const at::Tensor& b) {
    return at::einsum("ij,ip,jr->pr", {core, a, b});
  };
  CHECK(apart(loha, rebuilt(a1, t1, b1) * rebuilt(a2, t2, b2)) <= 1e-5);

  const at::Tensor w1 = t({3, 4}), wa = t({2, 4}), wb = t({2, 3});
  const at::Tensor lokr = added({{"lokr_w1", w1}, {"lokr_w2_a", wa}, {"lokr_t2", t2}, {"lokr_w2_b", wb}});
  CHECK(apart(lokr, at::kron(w1, rebuilt(wa, t2, wb))) <= 1e-5);
}

TEST_CASE("a weight of zeros stays zero under a DoRA") {
  const auto product = low_rank_change({at::zeros({2, 1}), at::zeros({1, 3})});
  for (const bool columns : {false, true}) {
    const auto magnitude = columns ? at::ones({1, 3}) : at::ones({2, 1});
    const auto norm = columns ? at::zeros({1, 3}) : at::Tensor();
    at::Tensor rows = at::zeros({2, 3});
    decomposed_change(product, magnitude, norm, 1.0)->apply(rows, 0);
    CHECK(at::equal(rows, at::zeros({2, 3})));
  }
}

TEST_CASE("values that are not finite are refused by the names of file and tensor") {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "bad.safetensors";
  at::Tensor up = at::ones({12, 2});
  up[3][1] = std::numeric_limits<float>::quiet_NaN();
  write_lora(path, {{"lora_down.weight", at::ones({2, 12})}, {"lora_up.weight", up}});
  LoraSet loras;
  loras.add(read_lora(path, *base()), 1.0);
  const auto error = test::error_of([&] { loras.changes("layers.0.attention.to_q.weight", *base(), at::kCPU); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK(error->message().find(path.string()) != std::string::npos);
  CHECK(error->message().find("layers.0.attention.to_q.lora_up.weight") != std::string::npos);
}

}  // namespace
}  // namespace zimage::nn

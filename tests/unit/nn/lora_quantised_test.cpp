// LoRAs on weights that stay quantised.
#include <ATen/ATen.h>

#include <filesystem>

#include "nn/linear_policy.h"
#include "nn/lora/lora_set.h"
#include "nn/quantised/dequantise.h"
#include "support/catch.h"
#include "weights/lora/lora_file.h"
#include "weights/open_weights.h"

namespace zimage::nn {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures" / "loras";

/// Serves the fixtures' weights as int8 with a scale for each row.
class Int8Source final : public WeightSource {
 public:
  explicit Int8Source(std::shared_ptr<const WeightSource> source) : source_(std::move(source)) {}
  std::vector<std::string> names() const override { return source_->names(); }
  const WeightInfo* find(const std::string& name) const override { return source_->find(name); }
  StoredWeight stored(const std::string& name) const override {
    const at::Tensor dense = source_->stored(name).data;
    if (dense.dim() != 2) return source_->stored(name);
    const at::Tensor scale = dense.abs().amax(1) / 127.0;
    const at::Tensor whole = (dense / scale.unsqueeze(1)).round().to(at::kChar);
    return {.encoding = Encoding::kInt8, .shape = dense.sizes().vec(), .data = whole.view(at::kByte), .scale = scale};
  }
  void release(const std::string&) const override {}
  std::string description() const override { return "int8"; }
  std::vector<fs::path> files() const override { return {}; }

 private:
  std::shared_ptr<const WeightSource> source_;
};

LoraFile read(const std::string& name, const WeightSource& model) {
  const fs::path peft = kFixtures / name / "adapter_model.safetensors";
  return read_lora(fs::exists(peft) ? peft : kFixtures / name / "lora.safetensors", model);
}

double apart(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_CASE("a LoRA on a quantised weight multiplies as one that is merged into its dequantised numbers", "[int8]") {
  const Int8Source model(open_weights(kFixtures / "base.safetensors").weights);
  const auto names = GENERATE(
      as<std::vector<std::string>>{}, std::vector<std::string>{"peft_lora"}, std::vector<std::string>{"lycoris_loha"},
      std::vector<std::string>{"lycoris_lokr_fused"}, std::vector<std::string>{"lycoris_dora_rows"},
      std::vector<std::string>{"lycoris_dora_columns_lora"}, std::vector<std::string>{"lycoris_full"},
      std::vector<std::string>{"peft_lora", "lycoris_dora_columns_lora", "lycoris_lora"},
      std::vector<std::string>{"lycoris_lora", "peft_lora"});
  LoraSet loras;
  for (const std::string& name : names) loras.add(read(name, model), 0.75);
  for (const std::string weight : {"layers.0.attention.to_k.weight", "layers.0.adaLN_modulation.0.weight"}) {
    INFO(names.front() << " " << names.size() << " " << weight);
    const StoredWeight stored = model.stored(weight);
    const at::Tensor numbers = dequantise(stored, at::kFloat);
    const auto changes = loras.changes(weight, model, at::kCPU);
    REQUIRE(changes.size() == names.size());
    at::Tensor merged = numbers.clone();
    apply(changes, merged, 0);
    const auto layer = make_linear_weight(stored, changes, {}, WeightUse::kPrecise, std::make_shared<Workspace>());
    const at::Tensor x = at::randn({5, stored.columns()}), bias = at::randn({stored.row_count()});
    const at::Tensor expected = at::linear(x, merged, bias);
    CHECK(apart(layer->forward(x, bias), expected) <= 1e-5);
    CHECK(apart(at::linear(x, numbers, bias), expected) > 0.1);
    // The bytes stay where they were, and changing rows in the workspace doesn't touch them.
    CHECK(refers_to_stored(stored, changes, {}, WeightUse::kPrecise));
    CHECK(at::equal(stored.data, model.stored(weight).data));
    const auto half = make_linear_weight(stored, changes, {.dtype = at::kBFloat16}, WeightUse::kPrecise,
                                         std::make_shared<Workspace>());
    const at::Tensor rounded = half->forward(x.to(at::kBFloat16), bias.to(at::kBFloat16)).to(at::kFloat);
    CHECK(apart(rounded, expected) <= 0.05 * expected.abs().max().item<double>());
  }
}

}  // namespace
}  // namespace zimage::nn

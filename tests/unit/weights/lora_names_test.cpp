// The names that trainers give to a LoRA's tensors.
#include <algorithm>

#include "support/catch.h"
#include "unit/weights/lora_files.h"
#include "weights/lora/lora_modules.h"

using namespace zimage;
using namespace zimage::test;
using namespace zimage::test::loras;

namespace {

std::string flat(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

/// ComfyUI's name of a module that both have.
std::string comfyui(std::string name) {
  for (const auto& [ours, theirs] : {std::pair<std::string, std::string>{"to_out.0", "out"},
                                     {"all_x_embedder.2-1", "x_embedder"},
                                     {"all_final_layer.2-1", "final_layer"}}) {
    const auto place = name.find(ours);
    if (place != std::string::npos) name.replace(place, ours.size(), theirs);
  }
  return name;
}

/// A trainer's way to write a module's name.
struct Spelling {
  const char* trainer;
  std::string (*of)(const std::string& module);
};

const Spelling kSpellings[] = {
    {"ai-toolkit, CivitAI",
     [](const std::string& m) {
       return concat({"diffusion_model.", m});
     }},
    {"ai-toolkit without prefix, OneTrainer ORIGINAL", [](const std::string& m) { return m; }},
    {"musubi, OneTrainer KOHYA",
     [](const std::string& m) {
       return concat({"lora_unet_", flat(m)});
     }},
    {"VideoX-Fun",
     [](const std::string& m) {
       return concat({"lora_unet__", flat(m)});
     }},
    {"OneTrainer LEGACY, diffusers",
     [](const std::string& m) {
       return concat({"transformer.", m});
     }},
    {"OneTrainer COMFY",
     [](const std::string& m) {
       return concat({"diffusion_model.", comfyui(m)});
     }},
    {"SimpleTuner LyCORIS",
     [](const std::string& m) {
       return concat({"lycoris_", flat(m)});
     }},
    {"PEFT",
     [](const std::string& m) {
       return concat({"base_model.model.", m});
     }},
    {"PEFT of a pipeline",
     [](const std::string& m) {
       return concat({"base_model.model.transformer.", m});
     }},
    {"InvokeAI",
     [](const std::string& m) {
       return concat({"base_model.model.transformer.diffusion_model.", m});
     }},
    {"bundles",
     [](const std::string& m) {
       return concat({"model.diffusion_model.", comfyui(m)});
     }},
    {"ComfyUI",
     [](const std::string& m) {
       return concat({"lora_unet_", flat(comfyui(m))});
     }},
    {"lora_transformer_",
     [](const std::string& m) {
       return concat({"lora_transformer_", flat(m)});
     }},
};

}  // namespace

TEST_CASE("lora: every trainer's names are ours", "[weights]") {
  for (const Spelling& spelling : kSpellings) {
    for (const auto& [module, shape] : modules()) {
      const std::string spelled = spelling.of(module);
      INFO(spelling.trainer << ": " << spelled);
      const LoraFile lora =
          read_tensors({{spelled + ".lora_down.weight", {2, shape[1]}}, {spelled + ".lora_up.weight", {shape[0], 2}}});
      CHECK(fits(lora));
      REQUIRE(lora.layers.size() == 1);
      CHECK(lora.layers[0].kind == LoraKind::kLowRank);
      CHECK(weights_of(lora.layers[0]) == Strings{module + ".weight"});
      CHECK(lora.layers[0].rank == 2);
      CHECK(lora.layers[0].scale == 1.0);
    }
  }
}

TEST_CASE("lora: a fused qkv is its three parts, in their order", "[weights]") {
  for (const std::string spelled :
       {"diffusion_model.layers.11.attention.qkv", "lora_unet_layers_11_attention_qkv", "layers.11.attention.to_qkv"}) {
    INFO(spelled);
    const LoraFile lora =
        read_tensors({{spelled + ".lora_A.weight", {2, kDim}}, {spelled + ".lora_B.weight", {36, 2}}});
    CHECK(fits(lora));
    REQUIRE(lora.layers.size() == 1);
    const LoraLayer& layer = lora.layers[0];
    CHECK(weights_of(layer) == Strings{"layers.11.attention.to_q.weight", "layers.11.attention.to_k.weight",
                                       "layers.11.attention.to_v.weight"});
    CHECK(layer.targets[1].first_row == 12);
    CHECK(layer.targets[2].first_row == 24);
    CHECK(layer.targets[2].rows == 12);
    CHECK(layer.rows == 36);
  }
}

TEST_CASE("lora: every way to end a key", "[weights]") {
  const std::string q = "diffusion_model.layers.0.attention.to_q";
  const std::pair<const char*, const char*> endings[] = {
      {".lora_down.weight", ".lora_up.weight"},
      {".lora_A.weight", ".lora_B.weight"},
      {".lora_A", ".lora_B"},
      {".lora_A.default.weight", ".lora_B.default.weight"},
      {".lora.down.weight", ".lora.up.weight"},
      {"_lora.down.weight", "_lora.up.weight"},
      {".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"}};
  for (const auto& [down, up] : endings) {
    INFO(down);
    const LoraFile lora =
        read_tensors({{q + down, {4, kDim}}, {q + up, {kDim, 4}}, {q + ".alpha", {}, "F32", bytes_of_number(2.0F)}});
    CHECK(fits(lora));
    REQUIRE(lora.layers.size() == 1);
    CHECK(lora.layers[0].keys.at(LoraRole::kDown) == q + down);
    CHECK(lora.layers[0].keys.at(LoraRole::kUp) == q + up);
    CHECK(lora.layers[0].scale == 0.5);
  }
}

TEST_CASE("lora: magnitudes are each row's or each column's", "[weights]") {
  const std::string w1 = "layers.0.feed_forward.w1";
  const std::tuple<std::string, Shape, bool> cases[] = {{".dora_scale", {kHidden, 1}, true},
                                                        {".dora_scale", {1, kDim}, false},
                                                        {".dora_scale", {kHidden}, true},
                                                        {".lora_magnitude_vector", {kHidden}, true},
                                                        {".lora_magnitude_vector.weight", {kHidden}, true},
                                                        {".lora_magnitude_vector.default.weight", {kHidden}, true}};
  for (const auto& [ending, shape, of_rows] : cases) {
    INFO(ending);
    const LoraFile lora =
        read_tensors({{w1 + ".lora_A.weight", {2, kDim}}, {w1 + ".lora_B.weight", {kHidden, 2}}, {w1 + ending, shape}});
    CHECK(fits(lora));
    REQUIRE(lora.layers.size() == 1);
    CHECK(lora.layers[0].magnitude_of_rows == of_rows);
    CHECK(kind_of(lora) == "DoRA");
  }
  // A square weight shows which is meant by where the 1 is.
  const std::string q = "layers.0.attention.to_q";
  for (const bool of_rows : {true, false}) {
    const LoraFile lora = read_tensors({{q + ".lora_A.weight", {2, kDim}},
                                        {q + ".lora_B.weight", {kDim, 2}},
                                        {q + ".dora_scale", of_rows ? Shape{kDim, 1} : Shape{1, kDim}}});
    REQUIRE(lora.layers.size() == 1);
    CHECK(lora.layers[0].magnitude_of_rows == of_rows);
  }
}

TEST_CASE("lora: two tensors for the same, and mixed kinds, are refused", "[weights]") {
  const std::string q = "layers.0.attention.to_q", k = "layers.0.attention.to_k";
  const LoraFile lora = read_tensors({{q + ".lora_A.weight", {2, kDim}},
                                      {"diffusion_model." + q + ".lora_down.weight", {2, kDim}},
                                      {q + ".lora_B.weight", {kDim, 2}},
                                      {k + ".lora_A.weight", {2, kDim}},
                                      {k + ".lora_B.weight", {kDim, 2}},
                                      {k + ".lokr_w1", {3, 3}}});
  REQUIRE(lora.problems.broken.size() == 2);
  CHECK(lora.problems.broken[0].find(" are for the same") != std::string::npos);
  CHECK(lora.problems.broken[1] == k + " has tensors of several kinds");
}

TEST_CASE("lora: names are found below any prefix, and nothing else is", "[weights]") {
  const LoraModules names(model());
  CHECK(names.find("layers.0.attention.to_q") != nullptr);
  CHECK(names.find("all_x_embedder_2_1") != nullptr);
  for (const char* unknown :
       {"", ".", "layers.0", "layers.0.attention", "layers.0.attention.to_q.weight", "model.model.",
        "xlayers.0.attention.to_q", "lora_unet_", "lora_unet_layers_1_1_attention_to_q"}) {
    INFO(unknown);
    CHECK(names.find(unknown) == nullptr);
  }
}

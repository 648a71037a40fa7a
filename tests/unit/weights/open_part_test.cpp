// Bundles, leftovers and files of another kind.
#include <algorithm>

#include "support/catch.h"
#include "support/files.h"
#include "support/memory_source.h"
#include "weights/open_weights.h"

using namespace zimage;
using namespace zimage::test;

namespace {

std::vector<std::string> names_in(const NamedShapes& file, Part part) {
  return open_part(opened(file), part).weights->names();
}

std::vector<std::string> keys(const NamedShapes& list) {
  std::vector<std::string> names;
  for (const auto& item : list) names.push_back(item.first);
  return names;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A checkpoint as ComfyUI saves it.
NamedShapes bundle() {
  NamedShapes list = prefixed("model.diffusion_model.", comfyui_dit());
  add(list, prefixed("text_encoders.qwen3_4b.transformer.", transformers_qwen3()));
  add(list, {{"text_encoders.qwen3_4b.logit_scale", {}}});
  add(list, prefixed("vae.", ldm_vae()));
  return list;
}

std::string refusal(const NamedShapes& file, Part part) {
  const auto error = error_of([&] { open_part(opened(file), part); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kModel);
  CHECK_FALSE(error->hint().empty());
  return error->message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("open part: each part of a bundle has its own tensors only", "[weights]") {
  CHECK(names_in(bundle(), Part::kDiT) == keys(diffusers_dit()));
  CHECK(names_in(bundle(), Part::kVAE) == keys(diffusers_vae()));
  const auto text_encoder = names_in(bundle(), Part::kTextEncoder);
  CHECK(text_encoder.size() == 399);
  CHECK(holds(text_encoder, "layers.35.mlp.down_proj.weight"));
  CHECK(holds(text_encoder, "logit_scale"));
}

TEST_CASE("open part: what belongs to no part of a bundle is the DiT's", "[weights]") {
  NamedShapes list = bundle();
  list["denoiser.sigmas"] = {1000};
  list["model.diffusion_model.layers.0.surprise"] = {3};
  list["vae.surprise"] = {3};
  const auto dit = names_in(list, Part::kDiT);
  CHECK(dit.size() == 523);
  CHECK(holds(dit, "denoiser.sigmas"));
  CHECK(holds(dit, "model.diffusion_model.layers.0.surprise"));
  const auto vae = names_in(list, Part::kVAE);
  CHECK(vae.size() == 245);
  CHECK(holds(vae, "vae.surprise"));
  CHECK(names_in(list, Part::kTextEncoder).size() == 399);
}

TEST_CASE("open part: a bundle may lack a part", "[weights]") {
  NamedShapes list = prefixed("model.diffusion_model.", comfyui_dit());
  add(list, prefixed("vae.", diffusers_vae()));
  CHECK(names_in(list, Part::kDiT).size() == 521);
  CHECK(names_in(list, Part::kVAE).size() == 244);
  const std::string message = refusal(list, Part::kTextEncoder);
  CHECK(contains(message, "memory is not a Qwen3 text encoder: it is a Z-Image checkpoint with a DiT and a VAE"));
}

TEST_CASE("open part: names that a part has no use for stay the file's", "[weights]") {
  NamedShapes list = comfyui_dit();
  list["layers.0.attention.qkv.weight_scale"] = {11520};
  list["layers.3.attention.qkv.weight"] = {11521, 3840};  // no three equal parts
  const auto dit = names_in(list, Part::kDiT);
  CHECK(holds(dit, "layers.0.attention.qkv.weight_scale"));
  CHECK(holds(dit, "layers.3.attention.qkv.weight"));
  CHECK_FALSE(holds(dit, "layers.3.attention.to_q.weight"));
}

TEST_CASE("open part: a file of another kind is refused by its name", "[weights]") {
  CHECK(refusal(comfyui_dit(), Part::kVAE) == "memory is not a VAE: it is a Z-Image DiT");
  CHECK(refusal(ldm_vae(), Part::kDiT) == "memory is not a Z-Image DiT: it is a VAE");
  CHECK(contains(refusal(diffusers_dit(), Part::kControlNet), "not a Z-Image ControlNet: it is a Z-Image DiT"));
  CHECK(contains(refusal(transformers_qwen3(), Part::kDiT), "it is a Qwen3 text encoder"));
  CHECK(contains(refusal(diffusers_controlnet(), Part::kDiT), "it is a Z-Image ControlNet"));
  CHECK(refusal({{"b\n", {1}}, {"a", {1}}}, Part::kDiT) ==
        R"(memory is not a Z-Image DiT: it is none of a Z-Image model's files; it has the tensors "a", "b\n")");
  CHECK(contains(refusal({}, Part::kDiT), "it has no tensors"));
}

TEST_CASE("open part: a GGUF's text encoder brings its configuration", "[weights]") {
  auto header = std::make_shared<GGUFHeader>();
  header->values["general.architecture"] = std::string_view("qwen3");
  header->values["qwen3.block_count"] = std::uint64_t{36};
  OpenedWeights file = opened(llama_cpp_qwen3());
  file.gguf = header;
  const OpenedPart part = open_part(file, Part::kTextEncoder);
  CHECK(part.config == R"({"model_type":"qwen3","num_hidden_layers":36})");
  CHECK(part.gguf == header);
  OpenedWeights dit = opened(comfyui_dit());
  dit.gguf = header;
  CHECK(open_part(dit, Part::kDiT).config.empty());
  CHECK(open_part(opened(llama_cpp_qwen3()), Part::kTextEncoder).config.empty());
}

TEST_CASE("open part: a safetensors file", "[weights]") {
  const TemporaryFolder folder;
  write(folder / "ae.safetensors", safetensors_of({{"decoder.mid.block_1.norm1.bias", {1, 2}}}));
  const OpenedPart part = open_part(folder / "ae.safetensors", Part::kVAE);
  CHECK(part.weights->names() == std::vector<std::string>{"decoder.mid_block.resnets.0.norm1.bias"});
  CHECK(part.weights->stored("decoder.mid_block.resnets.0.norm1.bias").shape == std::vector<std::int64_t>{2});
  CHECK(part.weights->description() == (folder / "ae.safetensors").string());
  CHECK(part.weights->files() == std::vector<std::filesystem::path>{folder / "ae.safetensors"});
}

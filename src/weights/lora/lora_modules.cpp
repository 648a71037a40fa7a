#include "weights/lora/lora_modules.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace zimage {
namespace {

// Who writes them: ai-toolkit and OneTrainer (diffusion_model.), diffusers and OneTrainer (transformer.), PEFT
// (base_model.model.), musubi and OneTrainer (lora_unet_), VideoX-Fun (lora_unet__), LyCORIS and SimpleTuner
// (lycoris_). Several can follow each other. A prefix comes before its own beginnings.
constexpr std::array<std::string_view, 13> kPrefixes = {"base_model.model.",
                                                        "model.diffusion_model.",
                                                        "diffusion_model.",
                                                        "transformer.",
                                                        "model.",
                                                        "default.",
                                                        "lora_unet__",
                                                        "lora_unet_",
                                                        "lora_transformer_",
                                                        "lycoris_",
                                                        "transformer_",
                                                        "diffusion_model_",
                                                        "model_diffusion_model_"};

/// Diffusers' own name of the module, without the place of its one layer.
constexpr ModuleSpelling kShortOut{"attention.to_out.0", "attention.to_out"};

constexpr std::string_view kQuery = "attention.to_q";
constexpr std::string_view kFused[] = {"attention.qkv", "attention.to_qkv"};

}  // namespace

LoraModules::LoraModules(const WeightSource& model) {
  std::set<std::string> modules;
  for (const std::string& name : model.names()) {
    std::string module = name;
    for (const std::string_view ending : {".weight", ".bias"}) {
      if (module.ends_with(ending)) module.resize(module.size() - ending.size());
    }
    modules.insert(std::move(module));
  }
  for (const std::string& module : modules) {
    add(module, {module});
    for (const auto& spelling : kComfyUIModules) add_spelling(module, spelling);
    add_spelling(module, kShortOut);
    if (!module.ends_with(kQuery)) continue;
    const std::string block = module.substr(0, module.size() - kQuery.size());
    const std::vector<std::string> parts = {module, block + "attention.to_k", block + "attention.to_v"};
    if (!modules.contains(parts[1]) || !modules.contains(parts[2])) continue;
    for (const std::string_view fused : kFused) add(block + std::string(fused), parts);
  }
}

void LoraModules::add_spelling(const std::string& module, const ModuleSpelling& spelling) {
  const auto place = module.find(spelling.ours);
  if (place == std::string::npos) return;
  std::string spelled = module;
  add(spelled.replace(place, spelling.ours.size(), spelling.comfyui), {module});
}

void LoraModules::add(const std::string& spelled, const std::vector<std::string>& modules) {
  modules_.emplace(spelled, modules);
  std::string flat = spelled;
  std::replace(flat.begin(), flat.end(), '.', '_');
  modules_.emplace(flat, modules);
  std::replace(flat.begin(), flat.end(), '-', '_');
  modules_.emplace(flat, modules);
}

const std::vector<std::string>* LoraModules::find(std::string_view spelled) const {
  while (true) {
    const auto found = modules_.find(spelled);
    if (found != modules_.end()) return &found->second;
    const auto prefix =
        std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](auto p) { return spelled.starts_with(p); });
    if (prefix == kPrefixes.end()) return nullptr;
    spelled.remove_prefix(prefix->size());
  }
}

}  // namespace zimage

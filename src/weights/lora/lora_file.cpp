#include "weights/lora/lora_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "weights/checkpoint.h"
#include "weights/comfy_quant.h"
#include "weights/locate_checkpoint.h"
#include "weights/lora/adapter_config.h"
#include "weights/lora/foreign.h"
#include "weights/lora/layer_builder.h"
#include "weights/lora/lora_modules.h"
#include "weights/lora/scalars.h"

namespace zimage {
namespace {

/// Puts a key where it belongs: into the group of its module, or among the problems.
void place(const std::string& key, const LoraModules& modules, std::map<std::vector<std::string>, LoraGroup>& groups,
           LoraFile& file) {
  const auto split = split_lora_key(key);
  if (split) file.is_lora = true;
  const auto* found = split ? modules.find(split->module) : nullptr;
  LoraProblems& problems = file.problems;
  if (found == nullptr) {
    (is_text_encoder_key(key) ? problems.text_encoder : problems.unmatched).push_back(key);
  } else if (!split->role) {
    problems.unsupported.push_back(concat({key, " (", split->kind, ")"}));
  } else {
    LoraGroup& group = groups[*found];
    group.name = split->module;
    group.modules = *found;
    const auto [other, added] = group.keys.emplace(*split->role, key);
    if (!added) problems.broken.push_back(concat({key, " and ", other->second, " are for the same"}));
  }
}

std::vector<std::string> printable_all(const std::vector<std::string>& texts) {
  std::vector<std::string> safe;
  for (const std::string& text : texts) safe.push_back(printable(text));
  return safe;
}

}  // namespace

LoraFile read_lora(const std::filesystem::path& path, const WeightSource& model) {
  const RawFile raw = read_safetensors(require_checkpoint(path));
  const auto alphas = read_scalars(raw, ".alpha");
  const AdapterConfig config = read_adapter_config(raw.path, raw.metadata);

  LoraFile file;
  file.tensors = std::make_shared<TensorFile>(raw.path, raw.files, group_quantised(raw));
  file.settings = config.file;
  const LoraModules modules(model);
  std::map<std::vector<std::string>, LoraGroup> groups;
  for (const std::string& key : file.tensors->names()) place(key, modules, groups, file);
  LayerBuilder builder(*file.tensors, model, alphas, config, file.problems);
  for (const auto& [name, group] : groups) builder.build(group, file.layers);
  file.width = builder.width();
  if (groups.empty()) file.other_model = model_of_lora(file.problems.unmatched);
  LoraProblems& problems = file.problems;
  for (auto* list :
       {&problems.unmatched, &problems.text_encoder, &problems.unsupported, &problems.mis_shaped, &problems.broken}) {
    *list = printable_all(*list);
  }
  return file;
}

std::string kind_of(const LoraFile& lora) {
  std::set<std::string> kinds;
  for (const LoraLayer& layer : lora.layers) {
    switch (layer.kind) {
      case LoraKind::kLowRank: kinds.insert(layer.has(LoraRole::kMagnitude) ? "DoRA" : "LoRA"); break;
      case LoraKind::kHadamard: kinds.insert(layer.has(LoraRole::kMagnitude) ? "LoHa with DoRA" : "LoHa"); break;
      case LoraKind::kKronecker: kinds.insert(layer.has(LoraRole::kMagnitude) ? "LoKr with DoRA" : "LoKr"); break;
      case LoraKind::kDifference: kinds.insert("differences"); break;
    }
  }
  std::string text;
  for (const std::string& kind : kinds) text += (text.empty() ? "" : " + ") + kind;
  return text;
}

std::int64_t rank_of(const LoraFile& lora) {
  std::int64_t rank = 0;
  for (const LoraLayer& layer : lora.layers) rank = std::max(rank, layer.rank);
  return rank;
}

}  // namespace zimage

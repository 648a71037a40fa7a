#include "pipeline/tools/inspect_lora.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "pipeline/residency/loras.h"
#include "pipeline/tools/published_dit.h"
#include "weights/lora/lora_file.h"

namespace zimage {
namespace {

/// The kinds of layers, by a piece of their names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kLayerKinds{{
    {".attention.", "attention"},
    {".feed_forward.", "feed forward"},
    {"adaLN_modulation", "modulation"},
    {"embedder", "embedders"},
    {"final_layer", "final layer"},
}};

std::string layer_kind(const std::string& weight) {
  for (const auto& [piece, kind] : kLayerKinds) {
    if (weight.find(piece) != std::string::npos) return std::string(kind);
  }
  return "other";
}

}  // namespace

LoraFacts lora_facts(const std::filesystem::path& path, std::vector<std::string>& problems) {
  const PublishedDiT model;
  const LoraFile lora = read_lora(path, model);
  LoraFacts facts{.kinds = kind_of(lora), .unmatched = lora.problems.unmatched};
  std::map<std::string, std::size_t> touches;
  for (const LoraLayer& layer : lora.layers) {
    ++facts.layers;
    if (!layer.targets.empty()) ++touches[layer_kind(layer.targets.front().weight)];
    if (layer.rank == 0) continue;
    facts.least_rank = facts.least_rank == 0 ? layer.rank : std::min(facts.least_rank, layer.rank);
    facts.most_rank = std::max(facts.most_rank, layer.rank);
    const double alpha = layer.scale * static_cast<double>(layer.rank);
    facts.least_alpha = std::min(facts.least_alpha.value_or(alpha), alpha);
    facts.most_alpha = std::max(facts.most_alpha.value_or(alpha), alpha);
  }
  facts.touches.assign(touches.begin(), touches.end());
  const LoraFindings found = judge_lora(path, lora, published_dit_config().dim);
  problems.insert(problems.end(), found.errors.begin(), found.errors.end());
  problems.insert(problems.end(), found.unmatched.begin(), found.unmatched.end());
  return facts;
}

}  // namespace zimage

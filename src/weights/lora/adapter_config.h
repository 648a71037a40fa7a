// The settings that PEFT keeps apart from a LoRA's tensors: its files hold no alpha.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zimage {

/// Values of single modules, by the end of their names; the first that fits counts.
using ByModule = std::vector<std::pair<std::string, double>>;

/// Source: PEFT, tuners/lora/config.py; diffusers, loaders/lora_base.py.
struct AdapterConfig {
  std::filesystem::path file{};  ///< the settings' own file, if they have one
  std::optional<double> alpha;
  std::optional<double> rank;
  bool rank_stabilized = false;  ///< the scale is alpha / √rank
  ByModule alpha_of{};
  ByModule rank_of{};

  /// Returns the scale of a module's product, given the rank of its tensors; 0 for a rank: they show none.
  /// Nothing if the settings say nothing.
  std::optional<double> scale(const std::string& module, std::int64_t rank) const;
};

/// Reads the settings that belong to a LoRA's file: `lora_adapter_metadata` of its header, which diffusers writes, or
/// the adapter_config.json beside PEFT's adapter_model.safetensors. Returns empty ones if there are none.
/// Errors: kModel for damaged settings, and for patterns that are more than names.
AdapterConfig read_adapter_config(const std::filesystem::path& file,
                                  const std::map<std::string, std::string>& metadata);

}  // namespace zimage

// The names that LoRA files give to a DiT's modules.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights/names/dit_names.h"
#include "weights/weight_source.h"

namespace zimage {

class LoraModules {
 public:
  /// Lists every spelling of the modules of a DiT's weights, which have diffusers' names.
  explicit LoraModules(const WeightSource& model);

  /// Returns the modules that a file's name stands for: one, or the three whose rows are in a fused one, in their order
  /// there; nothing if there are none. The name may have any prefix that a trainer writes, be diffusers' or ComfyUI's,
  /// and have `_` in place of every `.`.
  const std::vector<std::string>* find(std::string_view spelled) const;

 private:
  /// Adds the module as others spell it, if the spelling is about it.
  void add_spelling(const std::string& module, const ModuleSpelling& spelling);
  void add(const std::string& spelled, const std::vector<std::string>& modules);

  std::map<std::string, std::vector<std::string>, std::less<>> modules_;  ///< by spelling
};

}  // namespace zimage

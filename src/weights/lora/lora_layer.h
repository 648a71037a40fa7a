// What a LoRA changes of one module.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weights/lora/lora_key.h"

namespace zimage {

enum class LoraKind {
  kLowRank,     ///< LoRA: up · down
  kHadamard,    ///< LoHa: (w1_a · w1_b) ⊙ (w2_a · w2_b)
  kKronecker,   ///< LoKr: w1 ⊗ w2
  kDifference,  ///< the difference itself
};

/// Some rows of a layer's change, and the weight that they belong to.
struct LoraTarget {
  std::string weight;          ///< diffusers' name
  std::int64_t first_row = 0;  ///< of the change
  std::int64_t rows = 0;
};

/// The change of one weight, or of the three that a fused one consists of.
struct LoraLayer {
  std::string name;  ///< the module as the file spells it, for messages
  LoraKind kind = LoraKind::kLowRank;
  std::vector<LoraTarget> targets{};
  std::int64_t rows = 0;                   ///< of the change
  std::int64_t columns = 0;                ///< a vector of the model has one
  std::int64_t rank = 0;                   ///< 0: its tensors show none
  double scale = 1.0;                      ///< alpha / rank, or what stands for it
  bool magnitude_of_rows = true;           ///< DoRA: each row has a magnitude; false: each column
  std::map<LoraRole, std::string> keys{};  ///< its tensors in the file

  bool has(LoraRole role) const { return keys.contains(role); }
};

/// What keeps a file from being applied as it is.
struct LoraProblems {
  std::vector<std::string> unmatched{};     ///< keys that name nothing in the model
  std::vector<std::string> text_encoder{};  ///< keys for a text encoder
  std::vector<std::string> unsupported{};   ///< "KEY (OFT)"
  std::vector<std::string> mis_shaped{};    ///< "KEY is [2, 3], should be [3, 2]"
  std::vector<std::string> broken{};        ///< incomplete, ambiguous or unreadable: "NAME has no lora_up"
};

}  // namespace zimage

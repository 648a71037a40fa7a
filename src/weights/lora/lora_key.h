// Reads the keys of LoRA files: which tensor of which module a key names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zimage {

/// The tensors that a LoRA can have for a module.
enum class LoraRole {
  kDown,
  kUp,
  kMid,
  kAlpha,
  kMagnitude,  ///< DoRA's dora_scale or lora_magnitude_vector
  kDiff,
  kBiasDiff,
  kHadaW1A,
  kHadaW1B,
  kHadaT1,
  kHadaW2A,
  kHadaW2B,
  kHadaT2,
  kLokrW1,
  kLokrW1A,
  kLokrW1B,
  kLokrW2,
  kLokrW2A,
  kLokrW2B,
  kLokrT2
};

struct LoraKey {
  std::string module;            ///< as the file spells it, with its prefix
  std::optional<LoraRole> role;  ///< empty: the tensor belongs to a kind that isn't supported
  std::string kind{};            ///< what that kind is called: "OFT"
};

/// Splits a key, whatever trainer wrote it. Returns nothing for a key that is none of a LoRA's.
/// Source of the endings: ComfyUI, comfy/weight_adapter; LyCORIS, the modules' weight_list; PEFT, utils/save_and_load.
std::optional<LoraKey> split_lora_key(std::string_view key);

/// Returns whether the key belongs to a LoRA for a text encoder.
bool is_text_encoder_key(std::string_view key);

}  // namespace zimage

#include "weights/lora/lora_key.h"

#include <algorithm>
#include <array>

namespace zimage {
namespace {

struct Ending {
  std::string_view text;
  LoraRole role;
};

// PEFT and others put `.weight`, or the adapter's name and `.weight`, after some of these.
constexpr Ending kEndings[] = {
    {".lora_down", LoraRole::kDown},
    {".lora_A", LoraRole::kDown},
    {".lora.down", LoraRole::kDown},
    {"_lora.down", LoraRole::kDown},
    {".lora_linear_layer.down", LoraRole::kDown},
    {".lora_up", LoraRole::kUp},
    {".lora_B", LoraRole::kUp},
    {".lora.up", LoraRole::kUp},
    {"_lora.up", LoraRole::kUp},
    {".lora_linear_layer.up", LoraRole::kUp},
    {".lora_mid", LoraRole::kMid},
    {".alpha", LoraRole::kAlpha},
    {".dora_scale", LoraRole::kMagnitude},
    {".lora_magnitude_vector", LoraRole::kMagnitude},
    {".diff", LoraRole::kDiff},
    {".w_norm", LoraRole::kDiff},
    {".diff_b", LoraRole::kBiasDiff},
    {".b_norm", LoraRole::kBiasDiff},
    {".hada_w1_a", LoraRole::kHadaW1A},
    {".hada_w1_b", LoraRole::kHadaW1B},
    {".hada_t1", LoraRole::kHadaT1},
    {".hada_w2_a", LoraRole::kHadaW2A},
    {".hada_w2_b", LoraRole::kHadaW2B},
    {".hada_t2", LoraRole::kHadaT2},
    {".lokr_w1", LoraRole::kLokrW1},
    {".lokr_w1_a", LoraRole::kLokrW1A},
    {".lokr_w1_b", LoraRole::kLokrW1B},
    {".lokr_w2", LoraRole::kLokrW2},
    {".lokr_w2_a", LoraRole::kLokrW2A},
    {".lokr_w2_b", LoraRole::kLokrW2B},
    {".lokr_t2", LoraRole::kLokrT2},
};

struct OtherKind {
  std::string_view ending;
  const char* kind;
};

constexpr OtherKind kOtherKinds[] = {
    {".oft_blocks", "OFT"},
    {".oft_diag", "OFT"},
    {".oft_R", "OFT"},
    {".oft_r", "OFT"},
    {".oft_s", "OFT"},
    {".rescale", "OFT"},
    {".a1", "GLoRA"},
    {".a2", "GLoRA"},
    {".b1", "GLoRA"},
    {".b2", "GLoRA"},
    {".bm", "GLoRA"},
    {".on_input", "IA3"},
    {".q_layer", "T-LoRA"},
    {".p_layer", "T-LoRA"},
    {".lambda_layer", "T-LoRA"},
    {".lora_A.bias", "a LoRA with biases"},
    {".lora_B.bias", "a LoRA with biases"},
    {".lora_down.bias", "a LoRA with biases"},
    {".lora_up.bias", "a LoRA with biases"},
    {".lora_E", "AdaLoRA"},
    {".vera_lambda_b", "VeRA"},
    {".vera_lambda_d", "VeRA"},
    {".set_weight", "a replaced weight"},
    {".reshape_weight", "a reshaped weight"},
};

bool remove_ending(std::string_view& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.remove_suffix(ending.size());
  return true;
}

}  // namespace

std::optional<LoraKey> split_lora_key(std::string_view key) {
  std::string_view text = key;
  remove_ending(text, ".weight");
  remove_ending(text, ".default");
  for (const Ending& ending : kEndings) {
    if (std::string_view module = text; remove_ending(module, ending.text)) {
      return LoraKey{.module = std::string(module), .role = ending.role};
    }
  }
  for (const OtherKind& other : kOtherKinds) {
    if (std::string_view module = text; remove_ending(module, other.ending)) {
      return LoraKey{.module = std::string(module), .role = std::nullopt, .kind = other.kind};
    }
  }
  return std::nullopt;
}

bool is_text_encoder_key(std::string_view key) {
  constexpr std::array kStarts = {"lora_te",
                                  "text_encoder",
                                  "lora_text_encoder",
                                  "lycoris_text_encoder",
                                  "lycoris_te",
                                  "cond_stage_model.",
                                  "conditioner.",
                                  "te1_",
                                  "te_",
                                  "te."};
  // Qwen3's modules are the sign of a LoRA that names no component.
  constexpr std::array kParts = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                                 "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};
  return std::any_of(kStarts.begin(), kStarts.end(), [&](const char* start) { return key.starts_with(start); }) ||
         std::any_of(kParts.begin(), kParts.end(),
                     [&](const char* part) { return key.find(part) != std::string_view::npos; });
}

}  // namespace zimage

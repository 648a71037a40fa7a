// A LoRA's file: which weights of a model it changes, by which tensors, and what doesn't fit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "weights/lora/lora_layer.h"
#include "weights/weight_source.h"

namespace zimage {

struct LoraFile {
  std::shared_ptr<const WeightSource> tensors;  ///< with the file's own names
  std::vector<LoraLayer> layers;                ///< those that fit
  LoraProblems problems;
  std::filesystem::path settings;  ///< PEFT's adapter_config.json, if it was read
  bool is_lora = false;            ///< it has a LoRA's keys, whatever model it is for
  std::int64_t width = 0;          ///< of the token stream of the model that it was made for; 0: not known
  std::string other_model;         ///< what its keys are for if none fits: "a Flux model"; empty: not known
};

/// Reads the header and the alphas of a LoRA's file, or of the single file in a folder; no other tensor is read.
/// `model` has the DiT's weights under diffusers' names. Errors: kModel for what isn't a safetensors file, or has
/// damaged settings; everything else is among the problems.
LoraFile read_lora(const std::filesystem::path& path, const WeightSource& model);

/// Returns what kind of a LoRA it is: "LoRA", "LoHa", "LoKr", "DoRA", "differences", or several of them.
std::string kind_of(const LoraFile& lora);
/// Returns the largest rank of its layers; 0 if none shows one.
std::int64_t rank_of(const LoraFile& lora);

}  // namespace zimage

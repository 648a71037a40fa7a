// The places of a model's files, and the device it runs on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "zimage/memory.h"

namespace zimage {

/// A LoRA that changes the DiT, or a LoKr, LoHa, DoRA or a file of differences.
struct LoraPath {
  std::filesystem::path file;  ///< a file, or a folder with one
  double scale = 1.0;          ///< its strength; 0: it changes nothing

  bool operator==(const LoraPath&) const = default;
};

/// Names the model's files. Parts whose path is empty are looked for in or beside `model`. A relative path that doesn't
/// exist is looked for in the ComfyUI folder of models that `model` is in.
struct ModelPaths {
  std::filesystem::path model;         ///< a diffusers folder, the DiT's file, or ComfyUI's folder of models
  std::filesystem::path text_encoder;  ///< a file or its folder
  std::filesystem::path tokenizer;     ///< tokenizer.json or its folder, or a GGUF with a vocabulary
  std::filesystem::path vae;           ///< a file or its folder
  std::filesystem::path controlnet{};  ///< a file or its folder; empty: none
  std::vector<LoraPath> loras{};       ///< they apply in this order
  bool lora_allow_unmatched = false;   ///< go on if a LoRA has tensors that fit nothing in the model
};

/// What to compute with: device, number format, threads and memory.
struct ComputeOptions {
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
  /// auto (by the model's size and the processor), fp32, bf16, fp16, int8 (CPU), fp8 (CUDA)
  std::string dtype = "auto";
  int threads = 0;                   ///< 0: one for each core
  Offload offload = Offload::kAuto;  ///< which weights stay in the device's memory
  std::uint64_t max_memory = 0;      ///< bytes of the device's memory that a run may take; 0: all
  double megapixels = 0.0;           ///< the working size that weights are placed for; 0: the model's native area
};

}  // namespace zimage

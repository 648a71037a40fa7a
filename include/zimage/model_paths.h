// Where a model's files are, and what it is to run on.
#pragma once

#include <filesystem>
#include <string>

namespace zimage {

/// Where the model is. Empty paths are found from `model`.
struct ModelPaths {
  std::filesystem::path model;         ///< a diffusers folder, or the DiT's safetensors file
  std::filesystem::path text_encoder;  ///< a file or its folder
  std::filesystem::path tokenizer;     ///< tokenizer.json or its folder
  std::filesystem::path vae;           ///< a file or its folder
  std::filesystem::path controlnet{};  ///< a file or its folder; empty: none
};

/// What to compute on.
struct ComputeOptions {
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
  std::string dtype = "auto";   ///< auto (fp32 on CPU, bf16 on CUDA), fp32, bf16, fp16
  int threads = 0;              ///< 0: as many as the machine has cores
};

}  // namespace zimage

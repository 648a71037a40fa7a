// The places of a model's files, and the device it runs on.
#pragma once

#include <filesystem>
#include <string>

namespace zimage {

/// Names the model's files. Parts whose path is empty are looked for in or beside `model`.
struct ModelPaths {
  std::filesystem::path model;         ///< a diffusers folder, or the DiT's safetensors file
  std::filesystem::path text_encoder;  ///< a file or its folder
  std::filesystem::path tokenizer;     ///< tokenizer.json or its folder
  std::filesystem::path vae;           ///< a file or its folder
  std::filesystem::path controlnet{};  ///< a file or its folder; empty: none
};

/// Which device, number format and threads to compute with.
struct ComputeOptions {
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
  std::string dtype = "auto";   ///< auto (fp32 on CPU, bf16 on CUDA), fp32, bf16, fp16
  int threads = 0;              ///< 0: one for each core
};

}  // namespace zimage

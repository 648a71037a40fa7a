// `convert`: writes a model as one safetensors file that loads fast, here and in ComfyUI.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace zimage {

struct ConvertJob {
  std::filesystem::path in;  ///< a file, a folder of shards, or a whole diffusers folder
  std::filesystem::path out;
  std::string dtype = "bf16";  ///< bf16, fp8 or int8
  bool overwrite = false;
};

struct ConvertReport {
  std::string what{};           ///< what was converted: "a Z-Image DiT"
  std::uint64_t tensors = 0;    ///< weights written; scales and markers don't count
  std::uint64_t quantised = 0;  ///< how many of them are fp8 or int8
  std::uint64_t bytes_in = 0;   ///< size of the files that were read
  std::uint64_t bytes_out = 0;
};

/// Is told how many of the output's bytes are written. May throw to give up; then nothing is left of the output.
using ConvertProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Converts. In the output, the DiT and the text encoder have ComfyUI's names, the others diffusers'; a whole folder
/// becomes a checkpoint of three parts. fp8 and int8 are for the matrices of the blocks; everything else is bf16, as in
/// the published files. Holds one weight at a time in memory.
/// Errors: kUsage for an unknown dtype, an output that doesn't end in .safetensors or that can't be written or is one
/// of the files that are read; kModel for a file that is no part of a Z-Image model, lacks or has unexpected tensors,
/// or holds numbers that aren't finite; kRuntime for a full disk, before anything is written if that can be known.
ConvertReport convert_model(const ConvertJob& job, const ConvertProgress& progress);

}  // namespace zimage

// Finds the file that holds a model's weights.
#pragma once

#include <filesystem>
#include <string>

namespace zimage {

struct LocatedCheckpoint {
  std::filesystem::path file;  ///< a *.safetensors, *.gguf or *.index.json; empty if nothing was found
  std::string problem;         ///< a sentence about the path that says why nothing was found
  std::string hint;
};

/// The hint for a GGUF that was split into several files.
inline constexpr const char* kMergeSplitGGUF = "merge the parts with llama.cpp's `llama-gguf-split --merge`";

/// Finds the file by names alone. A file is accepted as it is. A folder is searched for
/// `<stem>.safetensors.index.json`, `<stem>.safetensors` and `<stem>.gguf`, for the stems `diffusion_pytorch_model` and
/// `model`, then for a single *.safetensors or *.gguf.
LocatedCheckpoint locate_checkpoint(const std::filesystem::path& path);

/// Returns the file that locate_checkpoint() finds. Errors: kModel if it finds none.
std::filesystem::path require_checkpoint(const std::filesystem::path& path);

}  // namespace zimage

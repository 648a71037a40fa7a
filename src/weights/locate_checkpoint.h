// Finds the file that holds a model's weights.
#pragma once

#include <filesystem>
#include <string>

namespace zimage {

struct LocatedCheckpoint {
  std::filesystem::path file;  ///< a *.safetensors file or a *.index.json; empty if nothing was found
  std::string problem;         ///< a sentence about the path that says why nothing was found
  std::string hint;
};

/// Finds the file by names alone: a file is accepted as it is, a folder is searched as open_checkpoint() describes.
LocatedCheckpoint locate_checkpoint(const std::filesystem::path& path);

}  // namespace zimage

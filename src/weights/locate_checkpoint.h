// Which file of a folder holds the weights.
#pragma once

#include <filesystem>
#include <string>

namespace zimage {

struct LocatedCheckpoint {
  std::filesystem::path file;  ///< a *.safetensors file or a *.index.json; empty if nothing was found
  std::string problem;         ///< why nothing was found, a sentence about `path`
  std::string hint;
};

/// Looks at names alone: a file is taken as it is, a folder is searched as open_checkpoint says.
LocatedCheckpoint locate_checkpoint(const std::filesystem::path& path);

}  // namespace zimage

// Decides where results go and in which format.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "codecs/image_file.h"

namespace zimage::app {

/// Everything that the names depend on.
struct NamingInput {
  std::filesystem::path image{};                                 ///< the picture, as given
  codecs::ImageFormat image_format = codecs::ImageFormat::kPng;  ///< the format of its bytes
  std::string output{};                         ///< -o: a file, an existing folder, "-", or "" for none
  std::optional<codecs::ImageFormat> format{};  ///< --format
  bool output_is_folder = false;                ///< `output` is a folder, even if it doesn't exist yet
  std::filesystem::path tree_folder{};          ///< a batch's folder for this picture; wins over `output`
  bool replay = false;                          ///< the format is PNG unless an option says otherwise
  int count = 1;                                ///< --num-images
};

/// The names and the format of a job's results.
struct Naming {
  std::vector<std::filesystem::path> paths;  ///< one per result; an empty path is stdout
  codecs::ImageFormat format = codecs::ImageFormat::kPng;
  bool ending_disagrees = false;  ///< --format won over the ending of -o
};

/// Names results `STEM-inpainted.EXT` beside the picture, with `-k` (from 0) before the ending if there are several.
/// The format is --format's, else that of -o's ending, else the picture's, or PNG if the picture's can't be written. In
/// a batch's tree a single result has the picture's own name, `STEM.EXT`. Errors: kUsage for an ending of no format
/// that can be written, and for several results or another format on stdout.
Naming name_outputs(const NamingInput& input);

/// Returns `path` with "-k" before its ending.
std::filesystem::path numbered(const std::filesystem::path& path, int k);

/// Returns where a step's preview goes: "-01" and so on with as many digits as `total` has, at least two, and ".png".
std::filesystem::path step_path(const std::filesystem::path& steps_path, int step, int total);

/// Returns the format that is written and has this name, or this ending without its dot, in any case.
std::optional<codecs::ImageFormat> parse_format(const std::string& name);

}  // namespace zimage::app

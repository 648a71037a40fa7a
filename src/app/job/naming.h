// Where results go and in which format.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "codecs/image_file.h"

namespace zimage::app {

struct NamingInput {
  std::filesystem::path image{};                                 ///< the picture, as given
  codecs::ImageFormat image_format = codecs::ImageFormat::kPng;  ///< what its bytes are
  std::string output{};                         ///< -o: a file, an existing folder, "-", or "" for none
  std::optional<codecs::ImageFormat> format{};  ///< --format
  bool output_is_folder = false;                ///< `output` is one, even if it isn't there yet
  std::filesystem::path tree_folder{};          ///< a batch's folder for this picture; wins over `output`
  bool replay = false;                          ///< without a better reason the format is PNG
  int count = 1;                                ///< --num-images
};

struct Naming {
  std::vector<std::filesystem::path> paths;  ///< one a result; empty paths for stdout
  codecs::ImageFormat format = codecs::ImageFormat::kPng;
  bool ending_disagrees = false;  ///< --format won over the ending of -o
};

/// `STEM-inpainted.EXT` beside the picture, `-k` (from 0) before the ending where there are several. The format is
/// --format's, else that of -o's ending, else the picture's. In a batch's tree the name is the picture's own,
/// `STEM.EXT`, where there is one result. Errors: kUsage for an ending that is no format of ours, and for several
/// results or another format on stdout.
Naming name_outputs(const NamingInput& input);

/// `path` with "-k" before its ending.
std::filesystem::path numbered(const std::filesystem::path& path, int k);

/// "png", "jpeg", "jpg", "webp", "tiff", "tif", "bmp"; any case.
std::optional<codecs::ImageFormat> parse_format(const std::string& name);

}  // namespace zimage::app

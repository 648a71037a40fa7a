#include "app/job/naming.h"

#include <algorithm>

#include "base/text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Returns a result's ending: the picture's own if it fits the format (".JPEG" stays), else the usual one.
std::string ending_for(codecs::ImageFormat format, const fs::path& image) {
  if (codecs::format_from_name(image) == format) return image.extension().string();
  return codecs::ending_of(format);
}

codecs::ImageFormat default_format(const NamingInput& input) {
  if (input.format) return *input.format;
  return input.replay || !codecs::is_written(input.image_format) ? codecs::ImageFormat::kPng : input.image_format;
}

/// Returns the format of a file named by -o; sets `disagrees` if --format wins over its ending. Errors: kUsage.
codecs::ImageFormat format_of_file(const fs::path& file, const NamingInput& input, bool& disagrees) {
  const auto by_name = codecs::format_from_name(file);
  if (input.format) {
    disagrees = by_name && *by_name != *input.format;
    return *input.format;
  }
  if (by_name && codecs::is_written(*by_name)) return *by_name;
  if (file.extension().empty()) return default_format(input);
  throw Error(ErrorCode::kUsage, "can't tell the format to write from the ending of " + file.string(),
              "end it in .png, .jpg, .webp, .tif or .bmp, or give --format");
}

Naming name_stdout(const NamingInput& input) {
  if (input.count > 1) {
    throw Error(ErrorCode::kUsage, "--output - writes one picture, but --num-images is above 1",
                "give --output a file or a folder");
  }
  if (input.format && *input.format != codecs::ImageFormat::kPng) {
    throw Error(ErrorCode::kUsage, "--output - writes PNG, not " + std::string(codecs::to_string(*input.format)),
                "leave --format out, or give a file");
  }
  return {.paths = {fs::path()}, .format = codecs::ImageFormat::kPng, .ending_disagrees = false};
}

}  // namespace

fs::path numbered(const fs::path& path, int k) {
  fs::path name = path.stem();
  name += "-";
  name += std::to_string(k);
  name += path.extension();
  return path.parent_path() / name;
}

fs::path step_path(const fs::path& steps_path, int step, int total) {
  const std::size_t digits = std::max<std::size_t>(2, std::to_string(total).size());
  const std::string number = std::to_string(step);
  fs::path path = steps_path;
  path += concat({"-", std::string(digits - std::min(digits, number.size()), '0'), number, ".png"});
  return path;
}

std::optional<codecs::ImageFormat> parse_format(const std::string& name) {
  const auto format = codecs::format_from_name("picture." + name);
  return format && codecs::is_written(*format) ? format : std::nullopt;
}

Naming name_outputs(const NamingInput& input) {
  if (input.output == "-") return name_stdout(input);
  Naming naming;
  fs::path path;
  if (!input.tree_folder.empty()) {
    naming.format = default_format(input);
    fs::path name = input.image.stem();
    if (input.count > 1) name += "-inpainted";
    name += ending_for(naming.format, input.image);
    path = input.tree_folder / name;
    for (int k = 0; k < input.count; ++k) naming.paths.push_back(input.count > 1 ? numbered(path, k) : path);
    return naming;
  }
  std::error_code ignored;
  const bool to_folder = input.output_is_folder || (!input.output.empty() && fs::is_directory(input.output, ignored));
  if (input.output.empty() || to_folder) {
    naming.format = default_format(input);
    const fs::path folder = to_folder ? fs::path(input.output) : input.image.parent_path();
    fs::path name = input.image.stem();
    name += "-inpainted";
    name += ending_for(naming.format, input.image);
    path = folder / name;
  } else {
    path = input.output;
    if (!path.has_filename()) {
      throw Error(ErrorCode::kUsage, "there is no folder " + input.output, "make it, or give --output a file");
    }
    naming.format = format_of_file(path, input, naming.ending_disagrees);
  }
  for (int k = 0; k < input.count; ++k) naming.paths.push_back(input.count > 1 ? numbered(path, k) : path);
  return naming;
}

}  // namespace zimage::app

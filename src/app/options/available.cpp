#include "app/options/available.h"

#include <string>

#include "app/options/mask_source.h"
#include "app/options/option.h"
#include "app/options/special_bindings.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "codecs/image_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

/// Returns whether a file that exists begins as a picture does.
bool is_picture(const std::filesystem::path& path) {
  constexpr std::size_t kLooked = 64;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) || std::filesystem::file_size(path, ignored) == 0) return false;
  try {
    return codecs::format_from_bytes(read_start(path, kLooked, ErrorCode::kUsage)).has_value();
  } catch (const Error&) {
    return false;  // who opens it to write says what is wrong
  }
}

}  // namespace

void check_available(const Settings& settings) {
  if (settings.text("strategy") == "controlnet" && !settings.has("controlnet")) {
    throw Error(ErrorCode::kUsage, "--strategy controlnet needs a ControlNet",
                "give --controlnet, or --strategy repaint");
  }
}

void check_available_path(const std::string& option, const std::filesystem::path& path) {
  std::error_code ignored;
  if ((option == "image" || option == "mask" || option == "control-image") &&
      std::filesystem::is_directory(path, ignored)) {
    throw Error(ErrorCode::kUsage, "--" + option + " " + path.string() + " is a folder, but this job takes one picture",
                option == "image" ? "name one picture" : "give one file, or a folder as --image too");
  }
}

std::filesystem::path path_in(const OptionSpec& option, const std::string& value) {
  const std::string_view name = option.name;
  return name == "lora" ? parse_lora(value).file : name == "mask" ? mask_path(value) : std::filesystem::path(value);
}

void check_own_file(const Settings& settings, const std::string& option) {
  const std::filesystem::path path = settings.text(option);
  if (path.empty()) return;
  for (const OptionSpec& other : settings.options()) {
    if (option == other.name || !other.path) continue;
    for (const std::string& value : settings.list(other.name)) {
      const std::filesystem::path named = path_in(other, value);
      std::error_code ignored;
      if (named != path && !std::filesystem::equivalent(named, path, ignored)) continue;
      throw Error(ErrorCode::kUsage,
                  concat({"--", option, " and --", other.name, " name the same file: ", path.string()}),
                  "give --" + option + " another path");
    }
  }
  if (is_picture(path)) {
    throw Error(ErrorCode::kUsage, concat({"--", option, " ", path.string(), " is a picture"}),
                "give --" + option + " another path");
  }
}

}  // namespace zimage::app

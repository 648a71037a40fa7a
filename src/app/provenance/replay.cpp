#include "app/provenance/replay.h"

#include <nlohmann/json.hpp>

#include "app/options/available.h"
#include "app/options/mask_source.h"
#include "app/options/option.h"
#include "app/provenance/provenance.h"
#include "base/file_name.h"
#include "codecs/image_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* kHint = "give a PNG, JPEG, WebP or TIFF that this program wrote without --no-metadata";

std::string value_text(const json& value, const std::string& file, const std::string& name) {
  if (value.is_string() && value.get_ref<const std::string&>().find('\0') == std::string::npos) {
    return value.get<std::string>();
  }
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return value.dump();
  throw Error(ErrorCode::kInput, file + ": its metadata has a value that can't be used for '" + name + "'", kHint);
}

/// Returns an option's values as text: several only if the option is repeatable.
std::vector<std::string> value_texts(const json& value, const OptionSpec& spec, const std::string& file) {
  if (spec.kind != Kind::kList || !value.is_array()) return {value_text(value, file, spec.name)};
  std::vector<std::string> texts;
  for (const json& item : value) texts.push_back(value_text(item, file, spec.name));
  return texts;
}

/// Finds a recorded file. Paths were recorded as they were given, perhaps relative to another folder.
std::string find_again(const std::string& recorded, const fs::path& replayed) {
  std::error_code ignored;
  if (fs::exists(recorded, ignored)) return recorded;
  if (const auto other = in_other_form(recorded)) return other->string();
  const fs::path beside = replayed.parent_path() / fs::path(recorded).filename();
  if (fs::exists(beside, ignored)) return beside.string();
  return in_other_form(beside).value_or(recorded).string();
}

std::string find_mask_again(const std::string& recorded, const fs::path& replayed) {
  const std::string file = mask_path(recorded).string();
  return file.empty() ? recorded : find_again(file, replayed) + recorded.substr(file.size());
}

json recorded_options(const std::string& metadata, const std::string& file) {
  const json parsed = json::parse(metadata, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("options") || !parsed["options"].is_object()) {
    throw Error(ErrorCode::kInput, file + ": its zimage-inpaint metadata is damaged", kHint);
  }
  return parsed["options"];
}

}  // namespace

std::string apply_replay(Settings& settings) {
  if (!settings.has("replay")) return "";
  const fs::path path = settings.text("replay");
  const codecs::ImageFile picture = codecs::read_image(path);
  const auto made = provenance_of(picture);
  if (!made) {
    throw Error(ErrorCode::kInput, path.string() + " has no provenance", kHint);
  }
  Settings recorded(settings.options());
  const json options = recorded_options(*made, path.string());
  for (const auto& [name, value] : options.items()) {
    const OptionSpec* spec = find_option(settings.options(), name);
    // Only options that make the picture count: a file from elsewhere must not choose what is written or replaced here.
    if (spec == nullptr || !spec->recorded) {
      throw Error(ErrorCode::kInput,
                  path.string() + ": its metadata has an option '" + name + "' that can't be replayed", kHint);
    }
    std::vector<std::string> texts = value_texts(value, *spec, path.string());
    if (name == "image" && texts.front() == "-") {
      if (settings.has("image")) continue;
      throw Error(ErrorCode::kUsage, "the picture that " + path.string() + " was made from came from stdin",
                  "give it with --image");
    }
    if (name == "image" || name == "control-image") texts.front() = find_again(texts.front(), path);
    if (name == "mask") texts.front() = find_mask_again(texts.front(), path);
    recorded.set(name, texts, Source::kReplay);
    settings.set(name, texts, Source::kReplay);
  }
  try {
    recorded.check_values();
    check_available(recorded);
    parse_mask_source(recorded.text("mask"));
  } catch (const Error& e) {
    throw Error(ErrorCode::kInput, path.string() + ": its metadata can't be replayed: " + e.message(), e.hint());
  }
  return *made;
}

std::vector<std::string> changed_inputs(const std::string& metadata, const nlohmann::ordered_json& hashes) {
  std::vector<std::string> changed;
  const auto parsed = nlohmann::ordered_json::parse(metadata, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("hashes") || !parsed["hashes"].is_object()) return changed;
  const auto& before = parsed["hashes"];
  for (const auto& [input, name] :
       {std::pair{"image", "picture"}, {"mask", "mask"}, {"control_image", "control image"}}) {
    if (before.contains(input) && hashes.contains(input) && before[input] != hashes[input]) {
      changed.push_back(std::string("the ") + name + " is not the one that was used");
    }
  }
  if (before.contains("model") && before["model"] != hashes["model"]) {
    changed.emplace_back("the model is not the one that was used");
  }
  return changed;
}

}  // namespace zimage::app

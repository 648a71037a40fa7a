#include "app/options/available.h"

#include <algorithm>
#include <string>

#include "app/options/option.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

[[noreturn]] void unavailable(const std::string& what, const std::string& hint) {
  throw Error(ErrorCode::kUsage, what + " is not available in this version", hint);
}

bool equal_value(const OptionSpec& spec, const Settings& settings, const std::string& allowed) {
  switch (spec.kind) {
    case Kind::kFlag:
    case Kind::kSwitch: return settings.flag(spec.name) == (allowed == "true");
    case Kind::kInteger: return std::to_string(settings.integer(spec.name)) == allowed;
    default: return settings.text(spec.name) == allowed;
  }
}

std::string hint_for(const OptionSpec& spec) {
  const auto allowed = words(spec.only);
  if (allowed.empty() || spec.kind == Kind::kFlag) return "leave it out";
  if (spec.kind == Kind::kSwitch) return "leave it out, or give --no-" + std::string(spec.name);
  std::string list;
  for (const std::string& word : allowed) list += (list.empty() ? "" : ", ") + word;
  return "this version has: " + list;
}

}  // namespace

void check_available(const Settings& settings) {
  if (settings.text("strategy") == "controlnet" && !settings.has("controlnet")) {
    throw Error(ErrorCode::kUsage, "--strategy controlnet needs a ControlNet",
                "give --controlnet, or --strategy repaint");
  }
  for (const OptionSpec& spec : settings.options()) {
    const std::string name = spec.name;
    if (spec.only == nullptr || !settings.has(name)) continue;
    const auto allowed = words(spec.only);
    const bool fine = std::any_of(allowed.begin(), allowed.end(),
                                  [&](const std::string& value) { return equal_value(spec, settings, value); });
    if (fine) continue;
    const bool show_value = spec.kind == Kind::kChoice || spec.kind == Kind::kInteger;
    std::string what("--");
    what.append(name);
    if (show_value) what.append(" ").append(settings.text(name));
    unavailable(what, hint_for(spec));
  }
}

void check_available_path(const std::string& option, const std::filesystem::path& path) {
  std::error_code ignored;
  if ((option == "image" || option == "mask" || option == "control-image") &&
      std::filesystem::is_directory(path, ignored)) {
    throw Error(ErrorCode::kUsage, "--" + option + " " + path.string() + " is a folder, but this job takes one picture",
                option == "image" ? "name one picture" : "give one file, or a folder as --image too");
  }
  if (lower(path.extension().string()) == ".gguf")
    unavailable("a GGUF file (" + path.string() + ")", "give a diffusers folder or safetensors");
}

}  // namespace zimage::app

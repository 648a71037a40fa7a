#include "cli/option_text.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace zimage::cli {
namespace {

using app::Kind;
using app::OptionSpec;

/// Returns whether the table uses a value name for files and folders.
bool names_path(const std::string& value_name) {
  for (const char* path : {"PATH", "FILE", "IMAGE", "JSONL", "DIR", "FOLDER"}) {
    if (value_name.starts_with(path)) return true;
  }
  return false;
}

bool is_literal(const std::string& word) {
  return !word.empty() && std::none_of(word.begin(), word.end(),
                                       [](unsigned char c) { return std::isupper(c) != 0 || c == '[' || c == '.'; });
}

}  // namespace

std::string description(const OptionSpec& spec, bool all) {
  std::string text = spec.help;
  const bool shows_default = *spec.default_value != '\0' && spec.kind != Kind::kCount;
  if (spec.kind == Kind::kSwitch) {
    text += std::string(spec.default_value) == "true" ? " (on)" : " (off)";
  } else if (shows_default) {
    text += std::string(" (") + spec.default_value + ")";
  }
  if (!all) return text;
  if (*spec.more != '\0') text += std::string(". ") + spec.more;
  return text;
}

ValueHint value_hint(const OptionSpec& spec) {
  ValueHint hint;
  if (spec.kind == Kind::kChoice) {
    hint.words = app::words(spec.choices);
    return hint;
  }
  hint.words = app::words(spec.offered);
  std::istringstream names(spec.value_name);
  for (std::string name; std::getline(names, name, '|');) {
    if (names_path(name)) {
      hint.path = true;
    } else if (is_literal(name)) {
      hint.words.push_back(name);
    }
  }
  return hint;
}

}  // namespace zimage::cli

#include "cli/config_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "app/options/option.h"
#include "base/regular_file.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

constexpr std::size_t kLimit = 1024 * 1024;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& message, const std::string& hint = "") {
  throw Error(ErrorCode::kUsage, path.string() + ": " + message, hint);
}

/// Returns a line without its comment: the library's reader would also cut off a `#` within quotes. It would also keep
/// backslashes that have a meaning in TOML, so those are refused rather than misread. Errors: kUsage.
std::string without_comment(const std::string& line, const std::filesystem::path& path) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '"' && c == '\\') {
      refuse(path, "a backslash within \"double quotes\": " + line, "use 'single quotes', which take it as it is");
    }
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      return line.substr(0, i);
    }
  }
  if (quote != 0) refuse(path, "a quote is not closed: " + line);
  return line;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == text.npos ? std::string_view{} : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

/// Refuses a line that is neither `key = value`, a key alone, nor a section: the library's reader would pass over it,
/// or take the whole line for a key. It also doesn't read arrays of several lines in every version.
void check_line(std::string_view line, std::size_t number, const std::filesystem::path& path) {
  line = trimmed(line);
  if (line.empty()) return;
  const std::size_t equals = line.find('=');
  const std::string_view key = trimmed(line.substr(0, equals));
  const bool section = equals == line.npos && line.size() > 2 && line.front() == '[' && line.back() == ']' &&
                       line.find_first_not_of("[]") != line.npos;
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_.\"'").find(c) != std::string_view::npos;
  });
  const std::string where = "line " + std::to_string(number);
  if (!bare && !section) {
    refuse(path, concat({where, " is not `key = value`: ", in_quotes(line)}), "keys are long option names: steps = 12");
  }
  const std::string_view value = equals == line.npos ? std::string_view{} : trimmed(line.substr(equals + 1));
  if (!value.empty() && value.front() == '[' && value.back() != ']') {
    refuse(path, concat({where, " has a [ without its ]: ", in_quotes(line)}), "write an array on one line");
  }
}

std::vector<CLI::ConfigItem> parse(const std::filesystem::path& path) {
  const std::string read = read_text_file(path, kLimit, ErrorCode::kUsage);
  std::istringstream text(utf8_text(read, path.string(), ErrorCode::kUsage));
  std::stringstream clean;
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    line = without_comment(line, path);
    check_line(line, ++number, path);
    clean << line << '\n';
  }
  CLI::ConfigTOML reader;
  reader.comment('\0');
  try {
    return reader.from_config(clean);
  } catch (const std::exception& e) {
    refuse(path, std::string("can't be read as TOML: ") + e.what());
  }
}

}  // namespace

void read_config(const std::filesystem::path& path, app::Settings& settings) {
  for (const CLI::ConfigItem& item : parse(path)) {
    if (!item.parents.empty()) refuse(path, "sections like [" + item.parents.front() + "] have no meaning here");
    std::string name = item.name;
    const app::OptionSpec* spec = app::find_option(name);
    const bool negated = spec == nullptr && name.starts_with("no-");
    if (negated) spec = app::find_option(name.substr(3));
    if (spec == nullptr || (negated && spec->kind != app::Kind::kSwitch)) {
      refuse(path, "unknown option '" + name + "'", "keys are long option names; --help-all lists them");
    }
    if (name == "config" || name == "help" || name == "help-all" || name == "version") {
      refuse(path, "'" + name + "' belongs on the command line");
    }
    if (item.inputs.size() != 1 && spec->kind != app::Kind::kList) {
      refuse(path, "'" + name + "' takes one value", "put text with blanks or commas in quotes");
    }
    std::vector<std::string> values = item.inputs;
    if (negated) {
      app::Settings one;
      one.set(spec->name, values, app::Source::kConfig);
      values = {one.flag(spec->name) ? "false" : "true"};
    }
    settings.set(spec->name, std::move(values), app::Source::kConfig);
  }
}

}  // namespace zimage::cli

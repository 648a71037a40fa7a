#include "cli/help.h"

#include <cctype>
#include <sstream>
#include <string_view>

#include "app/options/option.h"
#include "cli/option_text.h"
#include "zimage/version.h"

namespace zimage::cli {
namespace {

using app::Kind;
using app::OptionSpec;

constexpr std::size_t kColumn = 30;
constexpr std::size_t kWidth = 100;

constexpr const char* kExamples = R"(Repaints the part of a picture that is white in a mask, with Z-Image-Turbo.

  zimage-inpaint --image photo.png --mask mask.png --prompt "a red door"
  zimage-inpaint -i photo.png -m mask.png -p "a red door" -o door.png --seed 7
  zimage-inpaint -i cutout.png -m alpha -p "a beach" --num-images 4 -o results/
  zimage-inpaint -i photo.png -m mask.png -p "grass" --strength 0.6 --model Z-Image-Turbo

Usage: zimage-inpaint --image PATH --mask PATH --prompt TEXT [-o PATH] [options]
)";

constexpr const char* kExitCodes = R"(
Exit codes:
  0 ok, 1 runtime, 2 usage, 3 input (picture, mask, manifest), 4 model, 5 out of memory,
  6 golden mismatch, 7 some jobs of a batch failed, 130 interrupted

Environment:
  ZIMAGE_MODEL  the model, unless --model is given
  NO_COLOR      turns colours off, unless --color is given

Options win over --replay, --replay over the environment, and the environment over --config.
)";

std::string left_column(const OptionSpec& spec) {
  if (spec.positional) return std::string("  ") + spec.name;
  std::string text = spec.short_name != 0 ? std::string("  -") + spec.short_name + ", " : "      ";
  text += spec.kind == Kind::kSwitch ? "--[no-]" : "--";
  text += spec.name;
  if (*spec.value_name != '\0') text += std::string(" ") + spec.value_name;
  return text;
}

void print_wrapped(std::ostream& out, const std::string& left, const std::string& text) {
  out << left;
  std::size_t column = left.size();
  if (column + 2 > kColumn) {
    out << '\n';
    column = 0;
  }
  out << std::string(kColumn - column, ' ');
  column = kColumn;
  bool first = true;
  for (const std::string& word : app::words(text)) {
    if (!first && column + 1 + word.size() > kWidth) {
      out << '\n' << std::string(kColumn, ' ');
      column = kColumn;
      first = true;
    }
    out << (first ? "" : " ") << word;
    column += word.size() + (first ? 0 : 1);
    first = false;
  }
  out << '\n';
}

std::string other_commands() {
  std::string names;
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) names.append(names.empty() ? "" : ", ").append(spec.name);
  }
  return names.empty() ? "\n" : "\nOther commands (COMMAND --help explains each): " + names + "\n";
}

}  // namespace

std::string help_text(bool all) {
  std::ostringstream out;
  out << kExamples;
  if (all) {
    for (const app::SubcommandSpec& spec : app::subcommand_table()) {
      print_wrapped(out, std::string("       zimage-inpaint ") + spec.name,
                    std::string(spec.help) + (spec.available ? "" : " [not in this version]"));
    }
  }
  bool any = false;
  app::Group group{};
  for (const OptionSpec& spec : app::option_table()) {
    if (!all && spec.tier != app::Tier::kShort) continue;
    if (!any || spec.group != group) out << '\n' << app::to_string(spec.group) << ":\n";
    any = true;
    group = spec.group;
    print_wrapped(out, left_column(spec), description(spec, all));
  }
  out << (all ? kExitCodes : other_commands() + "--help-all shows every option.\n");
  return out.str();
}

std::string usage_line(const app::SubcommandSpec& spec) {
  std::string line = std::string("zimage-inpaint ") + spec.name;
  for (const OptionSpec& option : spec.options) {
    if (!option.positional) continue;
    const std::string name = std::string(option.name) + (option.kind == Kind::kList ? "..." : "");
    line += *option.default_value != '\0' ? " [" + name + "]" : " " + name;
  }
  return line + " [options]";
}

std::string help_text(const app::SubcommandSpec& spec) {
  std::ostringstream out;
  std::string title = spec.help;
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  out << title << ".\n";
  if (*spec.more != '\0') out << spec.more << "\n";
  out << "\nUsage: " << usage_line(spec) << "\n";
  if (*spec.example != '\0') out << "\n  " << spec.example << "\n";
  std::string_view heading;
  for (const OptionSpec& option : spec.options) {
    const std::string_view wanted = option.positional ? "Arguments" : "Options";
    if (heading != wanted) out << '\n' << wanted << ":\n";
    heading = wanted;
    print_wrapped(out, left_column(option), description(option, true));
  }
  return out.str();
}

std::string help_opening() { return kExamples; }

std::string help_closing() { return kExitCodes; }

std::string version_line() { return std::string("zimage-inpaint ") + version() + ", commit " + git_commit(); }

std::string version_text() {
  return std::string("zimage-inpaint ") + version() + "\ncommit " + git_commit() + "\nlibtorch " + torch_version() +
         "\n";
}

}  // namespace zimage::cli

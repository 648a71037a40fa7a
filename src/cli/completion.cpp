#include "cli/completion.h"

#include <sstream>
#include <vector>

#include "app/options/option.h"
#include "cli/option_text.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using app::Kind;
using app::OptionSpec;
using Table = std::span<const OptionSpec>;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// Returns "--name", "-n" and "--no-name", as far as the option has them.
std::vector<std::string> names_of(const OptionSpec& spec) {
  std::vector<std::string> names{std::string("--") + spec.name};
  if (spec.short_name != 0) names.push_back(std::string("-") + spec.short_name);
  if (spec.kind == Kind::kSwitch) names.push_back(std::string("--no-") + spec.name);
  return names;
}

std::string subcommand_names() {
  std::vector<std::string> names;
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) names.emplace_back(spec.name);
  }
  return joined(names);
}

/// Writes the patterns `command:--option` of bash's `case` for the options that take a value.
void bash_values(std::ostream& out, const std::string& command, Table options) {
  for (const OptionSpec& spec : options) {
    if (spec.positional || !app::takes_value(spec)) continue;
    std::string pattern;
    for (const std::string& name : names_of(spec)) pattern += (pattern.empty() ? "" : " | ") + command + ":" + name;
    const ValueHint hint = value_hint(spec);
    out << "    " << pattern << ") words='" << joined(hint.words) << "' files=" << (hint.path ? "yes" : "no")
        << " ;;\n";
  }
}

/// Writes what can stand where no option's value is expected.
void bash_arguments(std::ostream& out, const std::string& command, Table options, const std::string& first_words) {
  std::vector<std::string> names, words;
  if (!first_words.empty()) words.push_back(first_words);
  bool files = false;
  for (const OptionSpec& spec : options) {
    if (spec.positional) {
      const ValueHint hint = value_hint(spec);
      files = files || hint.path;
      words.insert(words.end(), hint.words.begin(), hint.words.end());
    } else {
      for (const std::string& name : names_of(spec)) names.push_back(name);
    }
  }
  out << "    '" << command << "') options='" << joined(names) << "' words='" << joined(words)
      << "' files=" << (files ? "yes" : "no") << " ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::ostringstream out;
  out << R"(# bash completion for zimage-inpaint, made by `zimage-inpaint completion bash`.
_zimage_inpaint() {
  local current=${COMP_WORDS[COMP_CWORD]} previous='' command='' options='' words='' files=no
  COMPREPLY=()
  ((COMP_CWORD > 0)) && previous=${COMP_WORDS[COMP_CWORD - 1]}
  # `--option=value` arrives as three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]] && ((COMP_CWORD > 1)); then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD > 1)); then
    case ${COMP_WORDS[1]} in
)";
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) out << "      " << spec.name << ") command=" << spec.name << " ;;\n";
  }
  out << "    esac\n  fi\n  case $command:$previous in\n";
  bash_values(out, "", app::option_table());
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) bash_values(out, spec.name, spec.options);
  }
  out << "    *)\n  case $command in\n";
  bash_arguments(out, "", app::option_table(), "");
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) bash_arguments(out, spec.name, spec.options, "");
  }
  out << "  esac\n  ((COMP_CWORD == 1)) && words='" << subcommand_names() << R"('
  if [[ $current == -* ]]; then words=$options files=no; fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $files == yes ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _zimage_inpaint zimage-inpaint
)";
  return out.str();
}

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  throw Error(ErrorCode::kUsage, "there is no completion for '" + shell + "'", "give bash, zsh or fish");
}

}  // namespace zimage::cli

#include <sstream>
#include <string_view>

#include "app/options/option.h"
#include "base/text.h"
#include "cli/completion.h"
#include "cli/option_text.h"

namespace zimage::cli {
namespace {

using app::Kind;
using app::OptionSpec;
using Table = std::span<const OptionSpec>;

/// Returns `text` with a backslash before each character of `special`.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// Puts text between single quotes. For a quote in the text, zsh closes them and fish escapes it.
std::string zsh_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\'";
    out += c;
  }
  return out + "'";
}

std::string fish_quoted(std::string_view text) { return concat({"'", escaped(text, "\\'"), "'"}); }

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// --- zsh: the arguments of _arguments ---

/// Returns ":name:action", which follows an option's description.
std::string zsh_value(const OptionSpec& spec) {
  const ValueHint hint = value_hint(spec);
  const std::string name = escaped(spec.positional ? spec.name : spec.value_name, ":\\");
  std::string action = " ";  // a value is required, and nothing is offered
  if (hint.path) {
    action = hint.words.empty() ? "_files" : concat({"{ compadd -- ", joined(hint.words), "; _files }"});
  } else if (!hint.words.empty()) {
    action = concat({"(", joined(hint.words), ")"});
  }
  return concat({":", name, ":", action});
}

void zsh_option(std::ostream& out, const OptionSpec& spec) {
  const std::string name = std::string("--") + spec.name;
  const std::string help = concat({"[", escaped(description(spec, false), "[]\\:"), "]"});
  const bool again = spec.kind == Kind::kList || spec.kind == Kind::kCount;
  const std::string value = app::takes_value(spec) ? zsh_value(spec) : "";
  std::vector<std::string> forms{app::takes_value(spec) ? name + "=" : name};
  std::string others = name;
  if (spec.short_name != 0) {
    forms.push_back(std::string("-") + spec.short_name);
    others += " " + forms.back();
  }
  if (spec.kind == Kind::kSwitch) {
    forms.push_back(std::string("--no-") + spec.name);
    others += " " + forms.back();
  }
  const std::string before = again ? std::string("*") : concat({"(", others, ")"});
  for (const std::string& form : forms) out << "    " << zsh_quoted(before + form + help + value) << "\n";
}

void zsh_table(std::ostream& out, Table options) {
  int place = 0;
  for (const OptionSpec& spec : options) {
    if (!spec.positional) {
      zsh_option(out, spec);
    } else {
      const std::string where = spec.kind == Kind::kList ? "*" : std::to_string(++place);
      out << "    " << zsh_quoted(where + zsh_value(spec)) << "\n";
    }
  }
}

// --- fish: one `complete` per name ---

void fish_table(std::ostream& out, const std::string& command, Table options) {
  const std::string start = command.empty() ? "complete -c zimage-inpaint -n __zimage_inpaint_in"
                                            : "complete -c zimage-inpaint -n '__zimage_inpaint_in " + command + "'";
  for (const OptionSpec& spec : options) {
    const ValueHint hint = value_hint(spec);
    std::string value = hint.path ? " -F" : "";
    if (!hint.words.empty()) value += concat({" -a ", fish_quoted(joined(hint.words))});
    if (spec.positional) {
      if (!value.empty()) out << start << value << "\n";
      continue;
    }
    const std::string help = concat({" -d ", fish_quoted(description(spec, false))});
    out << start << (spec.short_name != 0 ? std::string(" -s ") + spec.short_name : "") << " -l " << spec.name
        << (app::takes_value(spec) ? concat({" -r", hint.path ? "" : "f", value}) : "") << help << "\n";
    if (spec.kind == Kind::kSwitch) out << start << " -l no-" << spec.name << help << "\n";
  }
}

}  // namespace

std::string zsh_completion() {
  std::ostringstream out;
  out << "#compdef zimage-inpaint\n# zsh completion for zimage-inpaint, made by `zimage-inpaint completion zsh`.\n"
         "_zimage_inpaint() {\n  local -a subcommands specs\n  local subcommand=''\n  subcommands=(\n";
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (!spec.available) continue;
    out << "    " << zsh_quoted(concat({escaped(spec.name, ":\\"), ":", escaped(spec.help, "\\")})) << "\n";
  }
  out << "  )\n  (( CURRENT > 2 )) && [[ -n ${(M)subcommands:#${words[2]}:*} ]] && subcommand=$words[2]\n"
         "  case $subcommand in\n";
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (!spec.available) continue;
    out << "  " << spec.name << ") specs=(\n";
    zsh_table(out, spec.options);
    out << "  ) ;;\n";
  }
  out << "  *) specs=(\n";
  zsh_table(out, app::option_table());
  out << R"(  ) ;;
  esac
  if [[ -n $subcommand ]]; then
    shift words
    (( CURRENT-- ))
  elif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands subcommand subcommands
    return
  fi
  _arguments $specs
}
# Loaded by its name (autoload), or sourced after compinit.
if [[ $funcstack[1] == _zimage-inpaint ]]; then
  _zimage_inpaint "$@"
else
  compdef _zimage_inpaint zimage-inpaint
fi
)";
  return out.str();
}

std::string fish_completion() {
  std::ostringstream out;
  std::vector<std::string> names;
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) names.emplace_back(spec.name);
  }
  out << "# fish completion for zimage-inpaint, made by `zimage-inpaint completion fish`.\n"
      << "# Succeeds if the line has the given subcommand; without an argument, if it has none.\n"
      << "function __zimage_inpaint_in\n    set -l tokens (commandline -opc)\n    set -l subcommand ''\n"
      << "    if set -q tokens[2]; and contains -- $tokens[2] " << joined(names) << "\n"
      << "        set subcommand $tokens[2]\n    end\n    test \"$subcommand\" = \"$argv[1]\"\nend\n\n"
      << "complete -c zimage-inpaint -f\n";
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (!spec.available) continue;
    out << "complete -c zimage-inpaint -n __fish_is_first_token -a " << spec.name << " -d " << fish_quoted(spec.help)
        << "\n";
  }
  fish_table(out, "", app::option_table());
  for (const app::SubcommandSpec& spec : app::subcommand_table()) {
    if (spec.available) fish_table(out, spec.name, spec.options);
  }
  return out.str();
}

}  // namespace zimage::cli

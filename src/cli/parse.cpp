#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "app/options/option.h"
#include "zimage/error.h"

namespace zimage::cli {
namespace {

using app::Kind;
using app::OptionSpec;
using Table = std::span<const OptionSpec>;

/// Returns the edit distance in which a swap of neighbours is one edit.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + same});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

/// Returns the option or subcommand whose name is nearest; "" if none is near.
template <typename Specs>
std::string nearest(const std::string& name, const Specs& specs) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const auto& spec : specs) {
    const std::size_t d = distance(name, spec.name);
    if (d < best_distance) {
      best_distance = d;
      best = spec.name;
    }
  }
  return best;
}

/// Returns the option that an argument names (`--x`, `--x=…`, `-x`), or null.
const OptionSpec* option_of(Table table, const std::string& arg) {
  if (arg.starts_with("--")) {
    const OptionSpec* spec = app::find_option(table, arg.substr(2, arg.find('=') - 2));
    return spec != nullptr && spec->positional ? nullptr : spec;
  }
  if (arg.size() < 2 || arg[0] != '-') return nullptr;
  for (const OptionSpec& spec : table) {
    if (spec.short_name != 0 && spec.short_name == arg.back() && arg.size() == 2) return &spec;
  }
  return nullptr;
}

/// Returns whether the argument after args[i], which names an option, is that option's value.
bool value_follows(const OptionSpec& spec, const std::vector<std::string>& args, std::size_t i) {
  if (!app::takes_value(spec) || args[i].find('=') != std::string::npos || i + 1 == args.size()) return false;
  return *spec.implied_value == '\0' || !args[i + 1].starts_with('-');
}

/// Calls `visit(argument)` for everything that isn't an option's value, up to `--`.
template <typename Visit>
void for_each_option(Table table, const std::vector<std::string>& args, Visit visit) {
  for (std::size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    visit(args[i]);
    const OptionSpec* spec = option_of(table, args[i]);
    if (spec != nullptr && value_follows(*spec, args, i)) ++i;
  }
}

/// Splits `--name=value` into two arguments: the library would take `--name=` for an option whose value comes next.
/// Adds the values that options imply.
std::vector<std::string> split_values(Table table, const std::vector<std::string>& args) {
  std::vector<std::string> out;
  bool options = true;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const OptionSpec* spec = options ? option_of(table, arg) : nullptr;
    const bool with_value = spec != nullptr && app::takes_value(*spec);
    options = options && arg != "--";
    if (with_value && arg.find('=') != std::string::npos && arg.starts_with("--")) {
      out.push_back(arg.substr(0, arg.find('=')));
      out.push_back(arg.substr(arg.find('=') + 1));
      continue;
    }
    out.push_back(arg);
    if (!with_value) continue;
    if (value_follows(*spec, args, i)) {
      out.push_back(args[++i]);
    } else if (*spec->implied_value != '\0') {
      out.emplace_back(spec->implied_value);
    }
  }
  return out;
}

std::string names_of(const OptionSpec& spec) {
  std::string names = spec.short_name != 0 ? std::string("-") + spec.short_name + "," : std::string();
  names.append("--").append(spec.name);
  if (spec.kind == Kind::kSwitch) names += std::string(",!--no-") + spec.name;
  return names;
}

CLI::Option* add_option(CLI::App& parser, const OptionSpec& spec) {
  CLI::Option* option =
      app::takes_value(spec) ? parser.add_option(names_of(spec))->expected(1) : parser.add_flag(names_of(spec));
  // Everything is kept: the getters of Settings decide which of several values counts (the last, or all of a list).
  return option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void record(const OptionSpec& spec, const CLI::Option& option, app::Settings& settings) {
  if (option.count() == 0) return;
  std::vector<std::string> values = option.results();
  if (spec.kind == Kind::kCount) values = {std::to_string(option.count())};
  settings.set(spec.name, std::move(values), app::Source::kCommandLine);
}

[[noreturn]] void refuse_option(Table table, const std::string& arg) {
  const std::string name = arg.substr(0, arg.find('='));
  const std::string near = name.starts_with("--") ? nearest(name.substr(2), table) : "";
  throw Error(ErrorCode::kUsage, "unknown option " + name,
              near.empty() ? "--help-all lists every option" : "did you mean --" + near + "?");
}

[[noreturn]] void refuse_argument(Table table, const std::string& arg) {
  std::string hint = "give the picture with --image PATH";
  if (table.data() != app::option_table().data()) {
    hint = "--help shows what it takes";
  } else if (app::find_subcommand(arg) != nullptr) {
    hint = "the subcommand comes first: zimage-inpaint " + arg;
  } else if (const std::string near = nearest(arg, app::subcommand_table()); !near.empty()) {
    hint = "did you mean zimage-inpaint " + near + "?";
  }
  throw Error(ErrorCode::kUsage, "unexpected argument '" + arg + "'", hint);
}

/// Returns the positional arguments among what the library found no option for. Errors: kUsage for unknown options.
std::vector<std::string> by_place(Table table, const std::vector<std::string>& extras) {
  std::vector<std::string> values;
  bool options = true;
  for (const std::string& arg : extras) {
    if (options && arg == "--") {
      options = false;
    } else if (options && arg.size() > 1 && arg[0] == '-') {
      refuse_option(table, arg);
    } else {
      values.push_back(arg);
    }
  }
  return values;
}

void record_positionals(const std::vector<std::string>& extras, app::Settings& settings) {
  const std::vector<std::string> values = by_place(settings.options(), extras);
  auto next = values.begin();
  for (const OptionSpec& spec : settings.options()) {
    if (!spec.positional) continue;
    if (next == values.end()) {
      if (*spec.default_value != '\0') continue;
      throw Error(ErrorCode::kUsage, std::string(spec.name) + " is missing: " + spec.help, "--help shows an example");
    }
    const auto end = spec.kind == Kind::kList ? values.end() : next + 1;
    settings.set(spec.name, {next, end}, app::Source::kCommandLine);
    next = end;
  }
  if (next != values.end()) refuse_argument(settings.options(), *next);
}

}  // namespace

Early find_early(const std::vector<std::string>& args, Table table) {
  Early early = Early::kNone;
  for_each_option(table, args, [&](const std::string& arg) {
    if (early == Early::kVersion) return;
    if (arg == "--version") early = Early::kVersion;
    if (arg == "--help-all") early = Early::kHelpAll;
    if ((arg == "-h" || arg == "--help") && early == Early::kNone) early = Early::kHelp;
  });
  return early;
}

bool wants_json(const std::vector<std::string>& args, Table table) {
  bool json = false;
  for_each_option(table, args, [&](const std::string& arg) { json = json || arg == "--json"; });
  return json;
}

void parse_arguments(const std::vector<std::string>& args, app::Settings& settings) {
  const Table table = settings.options();
  CLI::App parser;
  parser.set_help_flag();
  parser.allow_extras();
  std::vector<CLI::Option*> options;
  for (const OptionSpec& spec : table) options.push_back(spec.positional ? nullptr : add_option(parser, spec));
  std::vector<std::string> reversed = split_values(table, args);
  std::reverse(reversed.begin(), reversed.end());  // the library expects a vector in reverse
  try {
    parser.parse(std::move(reversed));
  } catch (const CLI::ArgumentMismatch& e) {
    const std::string text = e.what();
    throw Error(ErrorCode::kUsage, text.substr(0, text.find(':')) + " needs a value", "--help-all explains it");
  } catch (const CLI::ParseError& e) {
    throw Error(ErrorCode::kUsage, e.what(), "--help-all lists every option");
  }
  record_positionals(parser.remaining(), settings);
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i] != nullptr) record(table[i], *options[i], settings);
  }
}

void read_environment(app::Settings& settings) {
  if (!settings.knows("model")) return;
  const char* model = std::getenv("ZIMAGE_MODEL");
  if (model != nullptr && *model != '\0') settings.set("model", {model}, app::Source::kEnvironment);
}

}  // namespace zimage::cli

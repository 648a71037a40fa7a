// Parses the command line as it was typed, and judges only its shape.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/options/option.h"
#include "app/options/settings.h"

namespace zimage::cli {

/// An option that ends the program before anything is done.
enum class Early { kNone, kVersion, kHelp, kHelpAll };

/// Finds --version, --help or --help-all, which win over everything else on the line, even over mistakes. An argument
/// that is another option's value (`--prompt --version`) doesn't count.
Early find_early(const std::vector<std::string>& args, std::span<const app::OptionSpec> table = app::option_table());

/// Returns whether --json is among the options, for errors found before parsing is done.
bool wants_json(const std::vector<std::string>& args, std::span<const app::OptionSpec> table = app::option_table());

/// Records the arguments in `settings` as Source::kCommandLine. `args` comes without the names of program and
/// subcommand. Errors: kUsage for an unknown option (with the nearest known one), a missing value or argument, and an
/// unexpected argument (with the nearest subcommand).
void parse_arguments(const std::vector<std::string>& args, app::Settings& settings);

/// Records $ZIMAGE_MODEL as Source::kEnvironment.
void read_environment(app::Settings& settings);

}  // namespace zimage::cli

// The command line as it was typed, judged only for its shape.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/options/option.h"
#include "app/options/settings.h"

namespace zimage::cli {

/// What ends the program before anything is done.
enum class Early { kNone, kVersion, kHelp, kHelpAll };

/// --version, --help and --help-all win over everything else on the line, also over mistakes. An argument that is
/// another option's value (`--prompt --version`) doesn't count.
Early find_early(const std::vector<std::string>& args, std::span<const app::OptionSpec> table = app::option_table());

/// Whether --json is among the options, for errors found before parsing is through.
bool wants_json(const std::vector<std::string>& args, std::span<const app::OptionSpec> table = app::option_table());

/// Records what `settings` has options for as Source::kCommandLine. `args` without the names of program and subcommand.
/// Errors: kUsage for an unknown option (with the nearest known one), a missing value or argument, an argument that
/// belongs to none (with the nearest subcommand).
void parse_arguments(const std::vector<std::string>& args, app::Settings& settings);

/// $ZIMAGE_MODEL.
void read_environment(app::Settings& settings);

}  // namespace zimage::cli

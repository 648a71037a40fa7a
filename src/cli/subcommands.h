// `zimage-inpaint NAME …`: the functions behind app/options/subcommand_table.
#pragma once

#include <string>
#include <vector>

#include "app/options/option.h"

namespace zimage::cli {

/// Returns the subcommand that `args` (without the program's name) begin with, or null.
const app::SubcommandSpec* find_subcommand(const std::vector<std::string>& args);

/// Does what the command line says, help and version included, and returns the exit code. Sets `json` as soon as it is
/// known, for the report of an error. Errors: kUsage for a subcommand that isn't available in this version and for
/// arguments that it can't take; its own.
int run_subcommand(const app::SubcommandSpec& spec, const std::vector<std::string>& args, bool stdout_open, bool& json);

}  // namespace zimage::cli

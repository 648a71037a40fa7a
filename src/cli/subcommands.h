// `zimage-inpaint NAME …`: the functions behind app/subcommand_table.
#pragma once

#include <string>
#include <vector>

#include "app/options/option.h"

namespace zimage::cli {

/// The subcommand that `args` (without the program's name) begin with, or null.
const app::SubcommandSpec* find_subcommand(const std::vector<std::string>& args);

/// Does what the line says, help and version among it. `json` is set as soon as it is known, for the report of an
/// error. Returns the exit code. Errors: kUsage for one that isn't available in this version, and for what
/// it can't take; its own.
int run_subcommand(const app::SubcommandSpec& spec, const std::vector<std::string>& args, bool stdout_open, bool& json);

}  // namespace zimage::cli

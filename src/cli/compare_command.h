// `zimage-inpaint compare`.
#pragma once

#include "app/options/settings.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Prints the comparison (a table, or one JSON object) and returns the exit code: 0, or 6 beyond the tolerance and for
/// different sizes. Errors: those of compare_files().
int compare_command(const app::Settings& settings, const Verbosity& verbosity);

}  // namespace zimage::cli

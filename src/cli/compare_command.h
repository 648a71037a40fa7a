// `zimage-inpaint compare`.
#pragma once

#include "app/options/settings.h"
#include "cli/talk.h"

namespace zimage::cli {

/// Prints the comparison (a table, or one JSON object) and returns the exit code: 0, or 6 beyond the tolerance and for
/// different sizes. Errors: as app/compare.
int compare_command(const app::Settings& settings, const Talk& talk);

}  // namespace zimage::cli

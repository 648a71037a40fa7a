// `zimage-inpaint report`.
#pragma once

#include "app/options/settings.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Writes the page of a report and prints its path (with --json an object; to stdout, the page itself). Returns 0.
/// Errors: those of make_page().
int report_command(const app::Settings& settings, const Verbosity& verbosity);

}  // namespace zimage::cli

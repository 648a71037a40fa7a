// `zimage-inpaint bench`: prints what app/tools/bench measured.
#pragma once

#include "app/options/settings.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Measures, and prints a table for each size or one JSON object. Returns the exit code. Errors: those of
/// app::bench_job() and app::run_bench().
int bench_command(const app::Settings& settings, const Verbosity& verbosity);

}  // namespace zimage::cli

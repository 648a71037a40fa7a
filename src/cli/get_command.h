// `get`: prints or carries out the downloads of a model's files.
#pragma once

#include "app/options/settings.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Prints what there is, the commands, or the paths of the downloaded files. Errors: those of app/tools/get_plan.h and
/// get_run.h.
int get_command(const app::Settings& settings, const Verbosity& verbosity);

}  // namespace zimage::cli

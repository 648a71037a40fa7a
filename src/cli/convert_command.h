// `zimage-inpaint convert`: writes a model as one file that loads fast.
#pragma once

#include "app/options/settings.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Converts, and writes what came of it. Errors: those of convert_model(); kInterrupted after a signal.
int convert_command(const app::Settings& settings, const Verbosity& verbosity);

}  // namespace zimage::cli

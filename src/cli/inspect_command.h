// `zimage-inpaint inspect`: says what files of weights are.
#pragma once

#include "app/options/settings.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Inspects the paths and writes a block of lines for each, or with --json one object a line. Returns 0 if every file
/// is a part of a Z-Image model and would load, else kModel.
int inspect_command(const app::Settings& settings, const Verbosity& verbosity);

}  // namespace zimage::cli

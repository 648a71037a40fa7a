// The files a job writes: their names, and whether they may be written.
#pragma once

#include <filesystem>
#include <vector>

#include "app/plan.h"
#include "app/settings.h"

namespace zimage::app {

/// Fills the plan's outputs, format and --save-… paths.
/// Errors: kUsage for an ending that doesn't fit, two outputs on one path, one that exists or can't be written.
void resolve_outputs(const Settings& settings, Plan& plan);

/// Every file the job writes.
std::vector<std::filesystem::path> all_output_paths(const Plan& plan);

}  // namespace zimage::app

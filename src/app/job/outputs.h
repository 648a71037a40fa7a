// The files a job writes: their names, and whether they may be written.
#pragma once

#include <filesystem>
#include <vector>

#include "app/job/plan.h"
#include "app/options/settings.h"

namespace zimage::app {

/// The plan's outputs, format and --save-… paths; nothing is looked at but the picture's first bytes. A plan with no
/// more than that. Errors: kUsage for an ending that doesn't fit, and for two outputs on one path; kInput for what is
/// no picture.
Plan plan_outputs(const Settings& settings, const JobPlace& place);

/// Fills the plan's outputs, format and --save-… paths, and checks that they may be written.
/// Errors: as above; kUsage for one that exists or can't be written.
void resolve_outputs(const Settings& settings, const JobPlace& place, Plan& plan);

/// Says what the plan's format can't hold of the picture, which has been read.
void warn_about_losses(const Plan& plan);

/// Makes the folders that the job's files go to. Errors: kRuntime.
void make_folders(const Plan& plan);

/// One name for a file however its path is written.
std::filesystem::path identity(const std::filesystem::path& path);

/// Every file the job writes.
std::vector<std::filesystem::path> all_output_paths(const Plan& plan);

}  // namespace zimage::app

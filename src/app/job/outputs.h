// The files a job writes: their names, and whether they may be written.
#pragma once

#include <filesystem>
#include <vector>

#include "app/options/job_spec.h"
#include "app/options/settings.h"

namespace zimage::app {

/// A job's outputs as far as its settings and its picture's first bytes tell. Errors: kUsage for an ending that doesn't
/// fit, and for two outputs on one path; kInput for what is no picture.
OutputPlan plan_outputs(const Settings& settings, const JobPlace& place);

/// Fills the spec's outputs with their golden pictures, and checks that they may be written. Expects what the options
/// bind, the input's format and the seed.
/// Errors: as above; kUsage for an output that exists or can't be written.
void resolve_outputs(const Settings& settings, const JobPlace& place, JobSpec& spec);

/// Makes the folders that the job's files go to. Errors: kRuntime.
void make_folders(const OutputPlan& outputs);

/// One name for a file however its path is written.
std::filesystem::path identity(const std::filesystem::path& path);

/// Every file the job writes.
std::vector<std::filesystem::path> all_output_paths(const OutputPlan& outputs);

}  // namespace zimage::app

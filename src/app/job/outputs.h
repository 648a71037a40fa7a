// The files a job writes: their names, and whether they may be written.
#pragma once

#include <filesystem>
#include <vector>

#include "app/options/job_spec.h"
#include "app/options/settings.h"

namespace zimage::app {

/// Plans a job's outputs from its settings and its picture's first bytes. Errors: kUsage for an ending that doesn't fit
/// and for two outputs with one path; kInput if --image is not a picture.
OutputPlan plan_outputs(const Settings& settings, const JobPlace& place);

/// Fills in the spec's outputs and their golden pictures, and checks that they may be written. Requires bound options,
/// the input's format and the seed.
/// Errors: those above; kUsage for an output that exists or can't be written.
void resolve_outputs(const Settings& settings, const JobPlace& place, JobSpec& spec);

/// Does the same for a command whose only output is --save-mask. Errors: kUsage.
void resolve_save_mask(const Settings& settings, JobSpec& spec);

/// Creates the folders that the job's files go to. Errors: kRuntime.
void make_folders(const OutputPlan& outputs);

/// Returns one name for a file, however its path is written.
std::filesystem::path identity(const std::filesystem::path& path);

/// Returns the file that a batch's preview is named after: the job's own --output if that is a file, else its picture.
std::filesystem::path preview_source(const Settings& settings);

/// Returns where a job's preview goes if the batch's --preview names the folder: STEM.png, after its source.
std::filesystem::path shared_preview_path(const Settings& settings, const std::filesystem::path& subfolder);

/// Lists every file that the job writes; of its steps' previews, the first.
std::vector<std::filesystem::path> all_output_paths(const OutputPlan& outputs);

}  // namespace zimage::app

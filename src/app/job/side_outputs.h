// Writes what goes beside a job's results: --save-mask, --save-crop, --save-latents, --save-previews.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "app/job/job_stages.h"

namespace zimage::app {

/// Writes a file beside a result. With --skip-existing another run may be at the same job, and its file will do if it
/// is the same. Errors: kRuntime.
void write_beside(const JobSpec& spec, const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes);

/// Checks that write_beside() may write a file, whose bytes `file` makes if they are needed. Errors: kUsage.
void check_beside(const JobSpec& spec, const std::filesystem::path& path,
                  const std::function<std::vector<std::uint8_t>()>& file);

/// Checks the paths that depend on how many crops and steps there are and on which outputs are kept. Another run may
/// have written some of a job's files, but not its result yet: those are no obstacle if they are what this run would
/// write. Errors: kUsage.
void check_side_outputs_writable(const RunningJob& job);

/// Writes the mask and the working regions, which are the same for every picture of a job. Errors: kRuntime.
void write_side_outputs(const RunningJob& job);

}  // namespace zimage::app

// `--manifest`: reads jobs as JSON objects, one per line.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/batch/job_source.h"

namespace zimage::app {

/// Reads one line's job. Keys are the long names of options that a job may have; relative paths start from `folder`.
/// Errors: kInput for anything but a JSON object, an unknown key, one that belongs on the command line, and a value of
/// the wrong kind. The caller adds which line it is.
Settings parse_manifest_line(const std::string& line, const Settings& command, const std::filesystem::path& folder);

/// Lists the jobs of a manifest file. Errors: kInput if a line is bad, naming it, or if there is no job.
std::vector<Job> list_manifest_jobs(const std::filesystem::path& path, const Settings& command);

/// Makes a source that reads jobs from stdin as lines come. Relative paths start from the current folder. A bad line is
/// its job's error. While it waits, it keeps calling `stopped`; true ends the input.
std::unique_ptr<JobSource> make_stdin_jobs(const Settings& command, std::function<bool()> stopped);

}  // namespace zimage::app

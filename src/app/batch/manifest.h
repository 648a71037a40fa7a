// `--manifest`: jobs as JSON objects, one a line.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/batch/job_source.h"

namespace zimage::app {

/// One line's job: keys are the long names of the options that a job may have; relative paths start from `folder`.
/// Errors: kInput for what is no JSON object, an unknown key, one that belongs on the command line, a value of the
/// wrong kind. The caller says which line it is.
Settings parse_manifest_line(const std::string& line, const Settings& command, const std::filesystem::path& folder);

/// The jobs of a manifest file. Errors: kInput, naming the line, if any is bad or there is none.
std::vector<Job> list_manifest_jobs(const std::filesystem::path& path, const Settings& command);

/// Jobs from stdin as its lines come; relative paths start from the current folder. A bad line is its job's error.
/// `stopped` is asked while it waits; when it says yes, the input has ended.
std::unique_ptr<JobSource> make_stdin_jobs(const Settings& command, std::function<bool()> stopped);

}  // namespace zimage::app

// Downloads one file with hf or curl.
#pragma once

#include <filesystem>

#include "app/tools/get_plan.h"

namespace zimage::app {

/// The folder, within that of the plan, that hf downloads to: a checked file need only be renamed.
inline constexpr const char* kHfFolder = ".zimage-get";

/// Downloads the file, and goes on with what an earlier run began. Returns where it lies, unchecked: in its part (curl)
/// or in kHfFolder. The target's folder must exist. With `show_progress` the downloader writes to stderr.
/// Errors: kRuntime, with what the downloader said; kInterrupted after a signal.
std::filesystem::path download_file(const GetPlan& plan, const PlannedFile& file, bool show_progress);

/// Throws kInterrupted after a signal.
void heed_signals();

}  // namespace zimage::app

// `get --run`: downloads what the plan says, and checks it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "app/tools/get_plan.h"

namespace zimage::app {

/// Throws kRuntime if the folder's file system has fewer free bytes than the plan needs.
void check_space(const GetPlan& plan, std::uint64_t free_bytes);

/// Returns why a file isn't the published one: by its size, by what its header says, and by its hash. Empty: it is.
/// `before_each` is called before each MiB of the hash, and may throw to give up.
std::string fault_of(const std::filesystem::path& path, const PublishedFile& file,
                     const std::function<void()>& before_each);

/// Downloads what isn't there, one file after another. A file gets its name once it is checked. One that isn't the
/// published one is kept under its name with ".bad" behind it. What an unfinished download left is gone on with. With
/// `show_progress` the downloader writes to stderr.
/// Errors: kUsage if the folder can't be made or another download is at work in it; kRuntime if something can't be
/// downloaded; kModel if what came isn't what was published; kInterrupted after a signal.
void run_get(const GetPlan& plan, bool show_progress);

}  // namespace zimage::app

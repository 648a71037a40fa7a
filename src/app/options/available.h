// Refuses by name what this version can't do yet, rather than ignore it.
#pragma once

#include <filesystem>

#include "app/options/settings.h"

namespace zimage::app {

/// Checks that this version can do what the options ask for; requires checked values.
/// Errors: kUsage "… is not available in this version".
void check_available(const Settings& settings);

/// Checks an option's path. Errors: kUsage for a folder as a single job's picture, mask or control image, and for GGUF
/// files.
void check_available_path(const std::string& option, const std::filesystem::path& path);

}  // namespace zimage::app

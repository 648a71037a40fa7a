// What this version can't do yet is refused by name, never ignored.
#pragma once

#include <filesystem>

#include "app/options/settings.h"

namespace zimage::app {

/// Errors: kUsage "… is not available in this version" for an option whose value would need what isn't built.
/// Expects checked values.
void check_available(const Settings& settings);

/// Errors: kUsage for a folder as picture, mask or control image of one job, and for GGUF files.
void check_available_path(const std::string& option, const std::filesystem::path& path);

}  // namespace zimage::app

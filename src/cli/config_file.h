// `--config FILE`: reads options from a TOML file.
#pragma once

#include <filesystem>

#include "app/options/settings.h"

namespace zimage::cli {

/// Reads `long-option-name = value` lines (strings in quotes, numbers, true and false, arrays for repeatable options,
/// `#` comments) as Source::kConfig. Strings are taken as they are: there are no escapes.
/// Errors: kUsage, naming the file, if it is unreadable or has an unknown key, a section or an ambiguous value.
void read_config(const std::filesystem::path& path, app::Settings& settings);

}  // namespace zimage::cli

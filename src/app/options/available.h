// Refuses by name what can't be done, rather than ignore it.
#pragma once

#include <filesystem>

#include "app/options/settings.h"

namespace zimage::app {

/// Checks that what the options ask for can be done; requires checked values. Errors: kUsage.
void check_available(const Settings& settings);

/// Checks an option's path. Errors: kUsage for a folder as a single job's picture, mask or control image.
void check_available_path(const std::string& option, const std::filesystem::path& path);

/// Returns the path in a value of an option whose value is a path: a mask's may have a label behind it, a LoRA's a
/// scale. Empty if a mask's value is no path. Errors: those of parse_lora().
std::filesystem::path path_in(const OptionSpec& option, const std::string& value);

/// Refuses a file that the program writes beside its results (`option` is "report" or "log-file") if another option
/// names it too, or if it is a picture: it would be destroyed. Errors: kUsage.
void check_own_file(const Settings& settings, const std::string& option);

}  // namespace zimage::app

// Makes shell completions from the option tables.
#pragma once

#include <string>

namespace zimage::cli {

/// Returns what `zimage-inpaint completion SHELL` prints: it completes names of options and subcommands, choices, and
/// file names where a path is expected. Options that aren't available in this version are left out.
/// Errors: kUsage for a shell other than bash, zsh and fish.
std::string completion_script(const std::string& shell);

// The script of each shell, for completion_script().
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace zimage::cli

// Shell completions, from the option tables.
#pragma once

#include <string>

namespace zimage::cli {

/// What `zimage-inpaint completion SHELL` prints: names of options and subcommands, choices, and file names where a
/// path is asked for. Options that aren't available in this version are left out.
/// Errors: kUsage for another shell than bash, zsh and fish.
std::string completion_script(const std::string& shell);

// One of each, for completion_script().
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace zimage::cli

// --help, --help-all and --version.
#pragma once

#include <string>

namespace zimage::cli {

/// Examples first, then the options that most runs need; with `all` every option, the exit codes and the environment.
std::string help_text(bool all);

/// What stands before and after the options: examples and usage; exit codes and environment.
std::string help_opening();
std::string help_closing();

/// "zimage-inpaint 0.1.0", commit, libtorch: a line each.
std::string version_text();

}  // namespace zimage::cli

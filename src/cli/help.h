// --help, --help-all and --version.
#pragma once

#include <string>

#include "app/options/option.h"

namespace zimage::cli {

/// Examples first, then the options that most runs need; with `all` every option, the exit codes and the environment.
std::string help_text(bool all);

/// What stands before and after the options: examples and usage; exit codes and environment.
std::string help_opening();
std::string help_closing();

/// A subcommand's: usage, example, arguments, options, all of them in full.
std::string help_text(const app::SubcommandSpec& spec);

/// "zimage-inpaint compare A B [options]". `NAME...` takes several.
std::string usage_line(const app::SubcommandSpec& spec);

/// "zimage-inpaint 0.1.0", commit, libtorch: a line each.
std::string version_text();
/// "zimage-inpaint 0.1.0, commit abc".
std::string version_line();

}  // namespace zimage::cli

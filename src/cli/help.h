// The texts of --help, --help-all and --version.
#pragma once

#include <string>

#include "app/options/option.h"

namespace zimage::cli {

/// Returns examples, then the options that most runs need; with `all` every option, the exit codes and the environment.
std::string help_text(bool all);

/// Return what stands before and after the options: examples and usage; exit codes and environment.
std::string help_opening();
std::string help_closing();

/// Returns a subcommand's help: usage, example, arguments and options, all in full.
std::string help_text(const app::SubcommandSpec& spec);

/// Returns "zimage-inpaint compare A B [options]". `NAME...` takes several values.
std::string usage_line(const app::SubcommandSpec& spec);

/// Returns "zimage-inpaint 0.1.0", commit and libtorch, one per line.
std::string version_text();
/// Returns "zimage-inpaint 0.1.0, commit abc".
std::string version_line();

}  // namespace zimage::cli

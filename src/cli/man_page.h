// Makes the man page from the option tables and the help's own words.
#pragma once

#include <string>

namespace zimage::cli {

/// Returns zimage-inpaint(1) in man(7) macros: every option and subcommand that --help-all shows, in the same words.
std::string man_page();

}  // namespace zimage::cli

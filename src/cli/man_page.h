// The man page, from the option tables and the help's own words.
#pragma once

#include <string>

namespace zimage::cli {

/// zimage-inpaint(1) in man(7) macros: every option and subcommand that --help-all shows, said the same way.
std::string man_page();

}  // namespace zimage::cli

// Describes an option for help, man page and completions.
#pragma once

#include <string>
#include <vector>

#include "app/options/option.h"

namespace zimage::cli {

/// Returns whether this version can do anything with the option; if not, the help says "[not in this version]".
bool is_available(const app::OptionSpec& spec);

/// Returns the help's words with the default; with `all` also the further sentences, and what this version can't do.
std::string description(const app::OptionSpec& spec, bool all);

/// The values that a shell can offer for an option.
struct ValueHint {
  bool path = false;               ///< names of files and folders
  std::vector<std::string> words;  ///< the choices that this version has, or `alpha` of `PATH|alpha`
};
ValueHint value_hint(const app::OptionSpec& spec);

}  // namespace zimage::cli

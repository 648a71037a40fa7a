// Describes an option for help, man page and completions.
#pragma once

#include <string>
#include <vector>

#include "app/options/option.h"

namespace zimage::cli {

/// Returns the help's words with the default; with `all` also the further sentences.
std::string description(const app::OptionSpec& spec, bool all);

/// The values that a shell can offer for an option.
struct ValueHint {
  bool path = false;               ///< names of files and folders
  std::vector<std::string> words;  ///< the choices, or `alpha` of `PATH|alpha`
};
ValueHint value_hint(const app::OptionSpec& spec);

}  // namespace zimage::cli

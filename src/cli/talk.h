// How the program talks: levels, colour, progress, JSON.
#pragma once

#include <filesystem>

#include "app/options/settings.h"
#include "base/log.h"

namespace zimage::cli {

enum class ProgressMode { kBar, kPlain, kJson, kNone };

struct Talk {
  bool json = false;
  ProgressMode progress = ProgressMode::kNone;
  log::Options log;
};

/// From the options and the terminal. --quiet leaves warnings and errors; --verbose wins over it.
/// Errors: kUsage for a value that an option can't take.
Talk resolve_talk(const app::Settings& settings);

}  // namespace zimage::cli

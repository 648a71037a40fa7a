// Decides what the program prints: log level, colour, progress, JSON.
#pragma once

#include <filesystem>

#include "app/options/settings.h"
#include "base/log.h"

namespace zimage::cli {

enum class ProgressMode { kBar, kPlain, kJson, kNone };

/// Says what the program prints.
struct Verbosity {
  bool json = false;
  bool show = false;        ///< results are shown on a terminal that can
  bool show_steps = false;  ///< and so are the steps
  ProgressMode progress = ProgressMode::kNone;
  log::Options log;
};

/// Resolves it from the options and the terminal. --quiet leaves warnings and errors; --verbose wins over it.
/// Errors: kUsage for a value that an option can't take.
Verbosity resolve_verbosity(const app::Settings& settings);

}  // namespace zimage::cli

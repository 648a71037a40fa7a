// Progress on stderr: a bar on a terminal, lines elsewhere, JSON events on demand.
#pragma once

#include <memory>

#include "app/report/progress.h"
#include "cli/talk.h"

namespace zimage::cli {

/// Observes a run and shows it; `cancelled()` is the user's Ctrl-C. A bar steps aside for log lines and clears itself
/// when it is destroyed. In a batch lines are a job each, and the bar has the time that is left.
std::unique_ptr<app::Progress> make_progress(ProgressMode mode);

}  // namespace zimage::cli

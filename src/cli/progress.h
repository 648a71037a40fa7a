// Shows progress on stderr: a bar on a terminal, lines elsewhere, JSON events on demand.
#pragma once

#include <memory>

#include "app/report/progress.h"
#include "cli/terminal_pictures.h"
#include "cli/verbosity.h"

namespace zimage::cli {

/// Makes what observes a run and shows it; `cancelled()` is the user's Ctrl-C. A bar steps aside for log lines and
/// clears itself when it is destroyed. In a batch there is one line per job, and the bar shows the time left. Steps are
/// shown in `pictures`, if that shows them.
std::unique_ptr<app::Progress> make_progress(ProgressMode mode, TerminalPictures pictures = {});

}  // namespace zimage::cli

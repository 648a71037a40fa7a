// Progress on stderr: a bar on a terminal, lines elsewhere, JSON events on demand.
#pragma once

#include <memory>

#include "cli/talk.h"
#include "zimage/inpainter.h"

namespace zimage::cli {

/// Observes a run and shows it; `cancelled()` is the user's Ctrl-C. A bar steps aside for log lines and clears itself
/// when it is destroyed.
std::unique_ptr<Observer> make_progress(ProgressMode mode);

}  // namespace zimage::cli

// Handles Ctrl-C and the like: the first asks the run to stop, the second stops it.
#pragma once

namespace zimage::app {

/// Handles SIGINT, SIGTERM and SIGHUP (one that the parent ignores stays ignored) and ignores SIGPIPE and SIGXFSZ, so
/// that writing to a closed pipe or beyond a limit of the file's size is an error like any other.
void install_signal_handlers();

/// Returns whether the run was asked to stop.
bool interrupted() noexcept;

}  // namespace zimage::app

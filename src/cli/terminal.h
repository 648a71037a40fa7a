// Handles the standard streams, and finds out what the terminal behind them can do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zimage::cli {

/// Opens /dev/null in place of standard streams that the parent closed, so that no other file gets their numbers.
/// Returns whether stdout was open.
bool ensure_standard_streams();

/// Writes everything to a file descriptor; returns false, with errno set, if that fails.
bool write_all(int fd, std::string_view bytes);

/// Writes everything to stdout. Errors: kRuntime with the system's reason (a closed pipe, a full disk).
void write_stdout(std::string_view bytes);

/// Writes text to stdout that nobody has to read to the end (`--help | head -1` is no failure). Returns 0.
int print_and_leave(std::string_view text);

/// Writes text to stderr, and ignores a failure, which could not be reported anywhere.
void write_stderr(std::string_view text) noexcept;

bool stdout_is_terminal();
/// Returns whether stderr is a terminal that understands cursor movements: TERM is set and isn't "dumb".
bool stderr_is_terminal();

/// The size of stderr's terminal in cells, and of a cell in pixels. What the terminal doesn't say is as usual.
struct TerminalSize {
  int columns = 80;
  int rows = 24;
  int cell_width = 8;
  int cell_height = 16;
};
TerminalSize terminal_size();

/// Returns whether to colour stderr. `when` is auto, always or never; auto asks the terminal, NO_COLOR and TERM.
bool use_color(const std::string& when);

}  // namespace zimage::cli

// Logging to stderr and a log file. spdlog stays out of this header: its fmt and torch's fmt clash in one source file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace zimage::log {

enum class Level { kDebug, kInfo, kNotice, kWarning, kError, kOff };

/// kNotice and above are shown by default; kInfo is -v, kDebug is -vv.
struct Options {
  Level level = Level::kNotice;
  bool color = false;
  std::filesystem::path file;  ///< also gets every message, whatever `level`; empty: no file
};

/// Sets up the sinks. Before it is called, kNotice and above go to stderr without colour.
/// Errors: Error{kUsage} if the log file can't be opened.
void configure(const Options& options);

bool enabled(Level level);
void write(Level level, std::string_view message);

/// Sets functions to call around each line on the terminal, so that a progress bar can step aside; `after` is told
/// whether it may be drawn again. May be empty.
void set_line_hooks(std::function<void()> before, std::function<void(bool redraw)> after);

/// Calls `write`, which writes to the terminal in another way, like a line of the log. Without `redraw` the bar stays
/// away until it has something new to show: what goes through a pipe may reach the terminal a little later.
void around_line(const std::function<void()>& write, bool redraw);

inline void debug(std::string_view message) { write(Level::kDebug, message); }
inline void info(std::string_view message) { write(Level::kInfo, message); }
inline void notice(std::string_view message) { write(Level::kNotice, message); }
inline void warning(std::string_view message) { write(Level::kWarning, message); }
inline void error(std::string_view message) { write(Level::kError, message); }

}  // namespace zimage::log

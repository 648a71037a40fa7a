#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "base/log_silence.h"
#include "zimage/error.h"

namespace zimage::log {
namespace {

const char* prefix(Level level) {
  switch (level) {
    case Level::kWarning: return "warning: ";
    case Level::kError: return "error: ";
    default: return "";
  }
}

const char* color_of(Level level) {
  switch (level) {
    case Level::kWarning: return "\033[33m";
    case Level::kError: return "\033[31m";
    case Level::kDebug: return "\033[2m";
    default: return "";
  }
}

std::atomic<int> g_silences{0};

struct State {
  std::mutex mutex;
  Options options;
  std::shared_ptr<spdlog::logger> terminal = make_terminal();
  std::shared_ptr<spdlog::logger> file;
  std::function<void()> before;
  std::function<void(bool)> after;

  static std::shared_ptr<spdlog::logger> make_terminal() {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("terminal", sink);
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    logger->flush_on(spdlog::level::trace);
    return logger;
  }
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

void configure(const Options& options) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.options = options;
  s.file.reset();
  if (options.file.empty()) return;
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file.string());
    s.file = std::make_shared<spdlog::logger>("file", sink);
    s.file->set_pattern("%Y-%m-%dT%H:%M:%S.%e %v");
    s.file->set_level(spdlog::level::trace);
    s.file->flush_on(spdlog::level::trace);
  } catch (const spdlog::spdlog_ex& e) {
    throw Error(ErrorCode::kUsage, "can't open the log file " + options.file.string(),
                "give --log-file a path in a folder that can be written");
  }
}

bool enabled(Level level) {
  const State& s = state();
  return level >= s.options.level || s.file != nullptr;
}

void write(Level level, std::string_view message) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const std::string line = std::string(prefix(level)) + std::string(message);
  if (s.file) s.file->info(line);
  if (level < s.options.level || g_silences > 0) return;
  if (s.before) s.before();
  const char* color = s.options.color ? color_of(level) : "";
  s.terminal->info(*color != 0 ? color + line + "\033[0m" : line);
  if (s.after) s.after(true);
}

Silence::Silence() { ++g_silences; }
Silence::~Silence() { --g_silences; }

void around_line(const std::function<void()>& write, bool redraw) {
  State& s = state();
  std::unique_lock lock(s.mutex);
  if (!s.before) {
    // A reader that is slow must not hold up the log.
    lock.unlock();
    return write();
  }
  s.before();
  try {
    write();
  } catch (...) {
    if (s.after) s.after(redraw);
    throw;
  }
  if (s.after) s.after(redraw);
}

void set_line_hooks(std::function<void()> before, std::function<void(bool redraw)> after) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.before = std::move(before);
  s.after = std::move(after);
}

}  // namespace zimage::log

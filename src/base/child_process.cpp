#include "base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/regular_file.h"
#include "base/text.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostText = 4096;
constexpr int kPause = 100;  // milliseconds between two questions whether to stop
constexpr int kSignalled = 128;

[[noreturn]] void fail(const std::string& name, int error) {
  throw Error(ErrorCode::kRuntime, concat({"can't run ", in_quotes(name), ": ", std::strerror(error)}));
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;

  explicit Pipe(const std::string& name) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail(name, errno);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

/// What posix_spawn() is told of the child's files and signals.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // What this process ignores a child ignores as well. Of a reader that left it should die; a file that grows too
    // large should be an error for it, too.
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void connect(int ours, int theirs) { posix_spawn_file_actions_adddup2(&actions_, ours, theirs); }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// Returns our environment with the additions in it.
std::vector<std::string> environment_with(const std::vector<std::string>& additions) {
  std::vector<std::string> all = additions;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool replaced = std::any_of(additions.begin(), additions.end(),
                                      [&](const std::string& addition) { return addition.starts_with(name); });
    if (!replaced) all.emplace_back(text);
  }
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t start(const ChildCommand& command, const SpawnSettings& settings) {
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> environment = environment_with(command.environment);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, command.program.c_str(), settings.actions(), settings.attributes(),
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  if (error != 0) fail(command.program.string(), error);
  return child;
}

/// Reads what there is, and keeps the end of it. Returns false at the end of the file.
bool read_some(int fd, std::string& text) {
  std::array<char, kMostText> buffer{};
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count <= 0) return count < 0 && errno == EINTR;
  text.append(buffer.data(), static_cast<std::size_t>(count));
  if (text.size() > kMostText) text.erase(0, text.size() - kMostText);
  return true;
}

/// Reads from the pipes that have something. One that has ended is left out from then on.
void read_ready(std::array<pollfd, 2>& pipes, ChildEnd& end, int timeout) {
  if (::poll(pipes.data(), pipes.size(), timeout) <= 0) return;
  for (pollfd& pipe : pipes) {
    if (pipe.revents == 0) continue;
    if (!read_some(pipe.fd, &pipe == pipes.data() ? end.output : end.errors)) pipe.fd = -1;
  }
}

/// Waits for the child. A program of its own that outlives it may keep the pipes open, so their end isn't waited for.
void wait_for(pid_t child, std::array<pollfd, 2>& pipes, const std::function<bool()>& stop, ChildEnd& end) {
  int status = 0;
  bool stopped = false;
  pid_t ended = 0;
  while ((ended = ::waitpid(child, &status, WNOHANG)) == 0) {
    if (!stopped && stop()) {
      ::kill(child, SIGTERM);
      stopped = true;
    }
    read_ready(pipes, end, kPause);
  }
  // Where SIGCHLD is ignored, the system keeps no child's code.
  if (ended < 0) throw Error(ErrorCode::kRuntime, concat({"can't tell how a program ended: ", std::strerror(errno)}));
  for (int i = 0; i < 16; ++i) read_ready(pipes, end, 0);
  end.code = WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ChildEnd run_child(const ChildCommand& command, const std::function<bool()>& stop) {
  const std::string name = command.program.string();
  Pipe input(name);
  Pipe output(name);
  Pipe errors(name);
  // A pipe holds this much before anybody reads.
  if (::write(input.write.get(), command.input.data(), command.input.size()) < 0) fail(name, errno);
  input.write.close();
  SpawnSettings settings;
  settings.connect(input.read.get(), STDIN_FILENO);
  settings.connect(output.write.get(), STDOUT_FILENO);
  if (!command.show_errors) settings.connect(errors.write.get(), STDERR_FILENO);
  const pid_t child = start(command, settings);
  output.write.close();
  errors.write.close();
  ChildEnd end;
  std::array<pollfd, 2> pipes{{{output.read.get(), POLLIN, 0}, {errors.read.get(), POLLIN, 0}}};
  wait_for(child, pipes, stop, end);
  return end;
}

fs::path find_program(const std::string& name) {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (true) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    const fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
    std::error_code error;
    if (fs::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    if (folder.size() == rest.size()) return {};
    rest.remove_prefix(folder.size() + 1);
  }
}

}  // namespace zimage

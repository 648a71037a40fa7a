#include "cli/terminal_query.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cli/terminal.h"

namespace zimage::cli {
namespace {

constexpr std::size_t kLongestAnswer = 256;

/// Holds back this thread's signals.
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_{};
};

/// The terminal behind stderr, opened to be read.
class OpenTerminal {
 public:
  OpenTerminal() {
    std::array<char, 128> name{};
    if (::ttyname_r(STDERR_FILENO, name.data(), name.size()) != 0) return;
    fd_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  ~OpenTerminal() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenTerminal(const OpenTerminal&) = delete;
  OpenTerminal& operator=(const OpenTerminal&) = delete;

  int fd() const { return fd_; }
  /// Returns whether the program may read. A terminal that isn't the program's own has no background.
  bool in_foreground() const {
    const pid_t group = ::tcgetpgrp(fd_);
    return group < 0 ? errno == ENOTTY : group == ::getpgrp();
  }

 private:
  int fd_ = -1;
};

/// Makes the terminal hand over bytes as they come, without showing them.
class ByteMode {
 public:
  explicit ByteMode(int fd) : fd_(fd), on_(::tcgetattr(fd, &before_) == 0) {
    if (!on_) return;
    termios bytes = before_;
    bytes.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    bytes.c_cc[VMIN] = 0;
    bytes.c_cc[VTIME] = 0;
    on_ = ::tcsetattr(fd, TCSANOW, &bytes) == 0;
  }
  ~ByteMode() {
    if (on_) ::tcsetattr(fd_, TCSANOW, &before_);
  }
  ByteMode(const ByteMode&) = delete;
  ByteMode& operator=(const ByteMode&) = delete;

  bool on() const { return on_; }

 private:
  int fd_;
  termios before_{};
  bool on_;
};

using Whole = std::function<bool(std::string_view answer)>;

std::string read_answer(int fd, const Whole& whole, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + patience;
  std::string answer;
  while (answer.size() < kLongestAnswer) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(std::max<long long>(left, 0))) <= 0) return "";
    char byte = 0;
    if (::read(fd, &byte, 1) != 1) return "";
    answer += byte;
    if (whole(answer)) return answer;
  }
  return "";
}

}  // namespace

std::string ask_terminal(std::string_view question, const Whole& whole, std::chrono::milliseconds patience) {
  const OpenTerminal terminal;
  if (terminal.fd() < 0 || !terminal.in_foreground()) return "";
  const SignalsWait signals_wait;
  const ByteMode mode(terminal.fd());
  if (!mode.on() || !write_all(terminal.fd(), question)) return "";
  return read_answer(terminal.fd(), whole, patience);
}

}  // namespace zimage::cli

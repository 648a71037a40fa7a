#include "cli/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "zimage/error.h"

namespace zimage::cli {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool ensure_standard_streams() {
  const bool stdout_open = ::fcntl(STDOUT_FILENO, F_GETFD) != -1;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // open() returns the lowest free number, which is the closed one, because the three are checked in order.
    const int opened = ::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    if (opened != fd && opened >= 0) ::close(opened);
  }
  return stdout_open;
}

void write_stdout(std::string_view bytes) {
  if (!write_all(STDOUT_FILENO, bytes)) {
    throw Error(ErrorCode::kRuntime, std::string("can't write to stdout: ") + std::strerror(errno));
  }
}

int print_and_leave(std::string_view text) {
  try {
    write_stdout(text);
  } catch (const Error&) {
    // Nobody is left to tell.
  }
  return 0;
}

void write_stderr(std::string_view text) noexcept { write_all(STDERR_FILENO, text); }

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && term != nullptr && *term != '\0' && std::strcmp(term, "dumb") != 0;
}

TerminalSize terminal_size() {
  winsize given{};
  TerminalSize size;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &given) != 0) return size;
  if (given.ws_col > 0) size.columns = given.ws_col;
  if (given.ws_row > 0) size.rows = given.ws_row;
  if (given.ws_xpixel >= size.columns) size.cell_width = given.ws_xpixel / size.columns;
  if (given.ws_ypixel >= size.rows) size.cell_height = given.ws_ypixel / size.rows;
  return size;
}

bool use_color(const std::string& when) {
  if (when != "auto") return when == "always";
  const char* no_color = std::getenv("NO_COLOR");
  return stderr_is_terminal() && (no_color == nullptr || *no_color == '\0');
}

}  // namespace zimage::cli

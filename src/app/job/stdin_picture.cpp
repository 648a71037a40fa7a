#include "app/job/stdin_picture.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "app/job/interrupt.h"
#include "codecs/image_file.h"
#include "zimage/error.h"

namespace zimage::app {

std::shared_ptr<const std::vector<std::uint8_t>> read_stdin_picture() {
  constexpr int kPollMs = 50;
  if (::isatty(STDIN_FILENO) == 1) {
    throw Error(ErrorCode::kUsage, "--image - reads the picture from stdin, but stdin is a terminal",
                "send a picture there: zimage-inpaint --image - … < photo.png");
  }
  auto bytes = std::make_shared<std::vector<std::uint8_t>>();
  std::array<std::uint8_t, 65536> buffer{};
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (true) {
    if (interrupted()) throw Error(ErrorCode::kInterrupted, "interrupted");
    if (::poll(&input, 1, kPollMs) <= 0) continue;  // nothing yet, or a signal
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) throw Error(ErrorCode::kInput, std::string("stdin can't be read: ") + std::strerror(errno));
    if (count == 0) break;
    bytes->insert(bytes->end(), buffer.begin(), buffer.begin() + count);
    if (bytes->size() > codecs::kMaxFileBytes) {
      throw Error(ErrorCode::kInput, "stdin holds more bytes than any picture", "is it the right stream?");
    }
  }
  if (bytes->empty()) {
    throw Error(ErrorCode::kInput, "stdin is empty, but --image - reads the picture from there",
                "look at the program that writes it");
  }
  return bytes;
}

}  // namespace zimage::app

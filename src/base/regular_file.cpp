#include "base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/file_name.h"

namespace zimage {
namespace {

std::string kind_of(const struct stat& info) {
  if (S_ISDIR(info.st_mode)) return "is a folder, not a file";
  if (S_ISFIFO(info.st_mode)) return "is a pipe, not a regular file";
  if (S_ISSOCK(info.st_mode)) return "is a socket, not a regular file";
  return "is a device, not a regular file";
}

std::string missing_hint(const std::filesystem::path& path) {
  if (!in_other_form(path)) return "check the path";
  return "there is a file whose name looks the same in another Unicode form (NFC, NFD): rename it, or let the shell "
         "complete its name";
}

template <typename Container>
Container read_whole(const std::filesystem::path& path, std::size_t max_bytes, ErrorCode code) {
  const RegularFile file = open_regular_file(path, code);
  if (file.size > max_bytes) {
    throw Error(code, path.string() + " is too large: " + std::to_string(file.size) + " bytes, and at most " +
                          std::to_string(max_bytes) + " are allowed");
  }
  Container bytes;
  bytes.resize(file.size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(file.fd.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(code, path.string() + " can't be read: " + std::strerror(errno));
    if (count == 0) throw Error(code, path.string() + " became shorter while it was read");
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

bool UniqueFd::close() { return ::close(std::exchange(fd_, -1)) == 0; }

RegularFile open_regular_file(const std::filesystem::path& path, ErrorCode code) {
  // O_NONBLOCK: opening a pipe would wait for a writer otherwise. It changes nothing for regular files.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error(code, path.string() + " does not exist", missing_hint(path));
    }
    if (errno == ENXIO) throw Error(code, path.string() + " is a socket or a device, not a regular file");
    throw Error(code, path.string() + " can't be opened: " + std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) throw Error(code, path.string() + " can't be read: " + std::strerror(errno));
  if (!S_ISREG(info.st_mode)) throw Error(code, path.string() + " " + kind_of(info));
  if (info.st_size == 0)
    throw Error(code, path.string() + " is empty",
                "it was probably not written or downloaded completely: get it again");
  return {std::move(fd), static_cast<std::size_t>(info.st_size)};
}

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path, std::size_t max_bytes, ErrorCode code) {
  return read_whole<std::vector<std::uint8_t>>(path, max_bytes, code);
}

std::vector<std::uint8_t> read_start(const std::filesystem::path& path, std::size_t count, ErrorCode code) {
  const RegularFile file = open_regular_file(path, code);
  std::vector<std::uint8_t> bytes(std::min(count, file.size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.fd.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(code, path.string() + " can't be read: " + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::string read_text(const std::filesystem::path& path, std::size_t max_bytes, ErrorCode code) {
  return read_whole<std::string>(path, max_bytes, code);
}

std::string read_text_file(const std::filesystem::path& path, std::size_t limit, ErrorCode code) {
  std::error_code status;
  if (std::filesystem::is_directory(path, status)) throw Error(code, path.string() + " is a folder", "give a file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const std::string hint = errno == ENOENT ? missing_hint(path) : "";
    throw Error(code, "can't read " + path.string() + ": " + std::strerror(errno), hint);
  }
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) throw Error(code, "can't read " + path.string());
  if (text.size() > limit) {
    throw Error(code, path.string() + " is larger than " + std::to_string(limit) + " bytes", "is it the right file?");
  }
  return text;
}

}  // namespace zimage

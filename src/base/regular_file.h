// Reads files that a person named. All but read_text_file() accept only regular files, so that opening never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "zimage/error.h"

namespace zimage {

/// A file descriptor that closes itself.
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Closes now. Returns false, and sets errno, if the system reports a late write error.
  bool close();

 private:
  int fd_;
};

struct RegularFile {
  UniqueFd fd;
  std::size_t size = 0;  ///< bytes, more than 0
};

/// Opens a file for reading. Errors: `code`, naming the path, if it is missing, unreadable, empty or not a regular file
/// (a folder, a pipe, a device); opening never waits for a writer.
RegularFile open_regular_file(const std::filesystem::path& path, ErrorCode code);

/// Reads the whole file. Errors: as above, and `code` if it is larger than `max_bytes` or reading fails.
std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path, std::size_t max_bytes, ErrorCode code);
/// Reads the first `count` bytes, or fewer if the file is shorter. Errors: as open_regular_file(), and `code` if
/// reading fails.
std::vector<std::uint8_t> read_start(const std::filesystem::path& path, std::size_t count, ErrorCode code);
std::string read_text(const std::filesystem::path& path, std::size_t max_bytes, ErrorCode code);

/// Reads the whole of a file of any kind, even a pipe. Errors: `code`, naming the file, if it can't be read, is a
/// folder or is larger than `limit` bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t limit, ErrorCode code);

}  // namespace zimage

// Files mapped into memory, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/mapped_faults.h"

namespace zimage {

class MappedFile {
 public:
  /// Maps a whole file. Errors: kModel, naming the path, if it is missing, unreadable, empty or not a regular file.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  /// Asks the system to read a byte range soon, and doesn't wait for it.
  void advise(std::size_t begin, std::size_t end) const;
  /// Reads a byte range into memory. Errors: kModel, naming the path, if the disk fails or the file became shorter. Who
  /// touches such bytes without it gets SIGBUS instead (see mapped_faults.h).
  void bring_in(std::size_t begin, std::size_t end) const;
  /// Gives back the memory of the pages wholly within a byte range; reading them brings them back.
  void drop_pages(std::size_t begin, std::size_t end) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile() = default;
  void populate(std::size_t first, std::size_t end) const;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::filesystem::path path_;
  std::optional<MappedFileWatch> watch_;
};

/// A range of a mapped file's bytes.
struct ByteRange {
  std::shared_ptr<const MappedFile> file;
  std::size_t begin = 0;
  std::size_t end = 0;

  std::span<const std::uint8_t> bytes() const { return file->bytes().subspan(begin, end - begin); }
  std::size_t size() const { return end - begin; }
};

}  // namespace zimage

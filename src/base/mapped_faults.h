// Files that are mapped now, and what becomes of a program whose file is changed under it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace zimage {

/// Remembers what a mapped file was, while it lives.
class MappedFileWatch {
 public:
  /// `fd` is the file that was mapped to [begin, begin + size); it may be closed afterwards.
  MappedFileWatch(const std::filesystem::path& path, int fd, const std::uint8_t* begin, std::size_t size);
  ~MappedFileWatch();
  MappedFileWatch(const MappedFileWatch&) = delete;
  MappedFileWatch& operator=(const MappedFileWatch&) = delete;

 private:
  const std::uint8_t* begin_ = nullptr;
};

/// Checks that no file was written to since it was mapped. One that was deleted, or replaced by another of its name,
/// is no matter: the mapping keeps the old one. Errors: kModel, naming the file.
void require_unchanged_mapped_files();

/// From now on, a touch of a mapped file's bytes that the disk doesn't give, or that are no longer there, ends the
/// process with a message and ErrorCode::kModel. Without this, the system ends it with SIGBUS and no word.
void report_mapped_faults();

}  // namespace zimage

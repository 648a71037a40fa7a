// Files mapped into memory, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace zimage {

class MappedFile {
 public:
  /// Maps a whole file. Errors: kModel, naming the path, if it is missing, unreadable, empty or not a regular file.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  /// Gives back the memory of the pages wholly within a byte range; reading them brings them back.
  void drop_pages(std::size_t begin, std::size_t end) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile() = default;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::filesystem::path path_;
};

}  // namespace zimage

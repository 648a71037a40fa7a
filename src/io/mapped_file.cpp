#include "io/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "io/regular_file.h"

namespace zimage::io {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const RegularFile file = open_regular_file(path, ErrorCode::kModel);
  void* address = ::mmap(nullptr, file.size, PROT_READ, MAP_PRIVATE, file.fd.get(), 0);
  if (address == MAP_FAILED) {
    throw Error(ErrorCode::kModel, path.string() + " can't be mapped into memory: " + std::strerror(errno));
  }
  // Not make_shared: the constructor is private.
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->data_ = static_cast<const std::uint8_t*>(address);
  mapped->size_ = file.size;
  mapped->path_ = path;
  return mapped;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

}  // namespace zimage::io

#include "base/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/regular_file.h"

namespace zimage {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const RegularFile file = open_regular_file(path, ErrorCode::kModel);
  void* address = ::mmap(nullptr, file.size, PROT_READ, MAP_PRIVATE, file.fd.get(), 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    throw Error(error == ENOMEM ? ErrorCode::kMemory : ErrorCode::kModel,
                path.string() + " can't be mapped into memory: " + std::strerror(error));
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

void MappedFile::drop_pages(std::size_t begin, std::size_t end) const {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t first = (begin + page - 1) / page * page;
  const std::size_t last = end / page * page;
  // This is only a hint: if it fails, that costs memory and nothing else.
  if (first < last) static_cast<void>(::madvise(const_cast<std::uint8_t*>(data_) + first, last - first, MADV_DONTNEED));
}

}  // namespace zimage

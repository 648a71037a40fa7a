#include "base/mapped_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/regular_file.h"
#include "base/text.h"

namespace zimage {
namespace {

/// Linux reads at most this much for one piece of advice if a disk's read-ahead is what it is by default.
constexpr std::size_t kAdvice = std::size_t{128} << 10;

#ifdef MADV_POPULATE_READ
constexpr int kPopulate = MADV_POPULATE_READ;
#else
constexpr int kPopulate = 22;  // Linux 5.14; the C library's headers may be older than the kernel
#endif

/// The process can't map or unmap memory while pages are being populated, so that is done in short pieces.
constexpr std::size_t kPopulatedAtOnce = std::size_t{8} << 20;

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

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
  mapped->watch_.emplace(path, file.fd.get(), mapped->data_, mapped->size_);
  return mapped;
}

MappedFile::~MappedFile() {
  watch_.reset();
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

void MappedFile::advise(std::size_t begin, std::size_t end) const {
  auto* bytes = const_cast<std::uint8_t*>(data_);
  for (std::size_t at = begin / page_size() * page_size(); at < end; at += kAdvice) {
    // This is only a hint: if it fails, bring_in() reads the bytes later.
    static_cast<void>(::madvise(bytes + at, std::min(kAdvice, end - at), MADV_WILLNEED));
  }
}

void MappedFile::bring_in(std::size_t begin, std::size_t end) const {
  for (std::size_t at = begin / page_size() * page_size(); at < end; at += kPopulatedAtOnce) {
    populate(at, std::min(end, at + kPopulatedAtOnce));
  }
}

void MappedFile::populate(std::size_t first, std::size_t end) const {
  for (;;) {
    if (::madvise(const_cast<std::uint8_t*>(data_) + first, end - first, kPopulate) == 0) return;
    if (errno != EINTR && errno != EAGAIN) break;
  }
  if (errno == EFAULT || errno == EIO || errno == EHWPOISON) {
    throw Error(ErrorCode::kModel,
                concat({path_.string(), " can't be read: its disk fails, or it became shorter while it was open"}),
                "check the disk, or get the file again");
  }
  // Before Linux 5.14, touching each page has to do.
  volatile std::uint8_t sink = 0;
  for (std::size_t at = first; at < end; at += page_size()) sink = data_[at];
  static_cast<void>(sink);
}

void MappedFile::drop_pages(std::size_t begin, std::size_t end) const {
  const std::size_t page = page_size();
  const std::size_t first = (begin + page - 1) / page * page;
  const std::size_t last = end / page * page;
  // This is only a hint: if it fails, that costs memory and nothing else.
  if (first < last) static_cast<void>(::madvise(const_cast<std::uint8_t*>(data_) + first, last - first, MADV_DONTNEED));
}

}  // namespace zimage

#include "base/large_pages.h"

#include <sys/mman.h>

#include <memory>

namespace zimage {

void prefer_large_pages(void* memory, std::size_t size) {
  constexpr std::size_t kPage = std::size_t{2} << 20;
  // Only whole large pages: the rest of one may be somebody else's.
  if (std::align(kPage, kPage, memory, size) == nullptr) return;
  ::madvise(memory, size / kPage * kPage, MADV_HUGEPAGE);
}

}  // namespace zimage

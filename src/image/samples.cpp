#include "zimage/image.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/large_pages.h"
#include "base/zeros.h"

namespace zimage {
namespace {

/// From this size on memory comes from the system: always zeros, and never from what the process had touched before.
constexpr std::size_t kLarge = std::size_t{8} << 20;
constexpr std::size_t kLargePage = std::size_t{2} << 20;

}  // namespace

void ZeroedBytes::Free::operator()(std::uint8_t* memory) const {
  if (size < kLarge) {
    std::free(memory);
  } else {
    ::munmap(memory, size);
  }
}

ZeroedBytes::Memory ZeroedBytes::allocate(std::size_t size) {
  if (size == 0) return {};
  if (size < kLarge) {
    auto* memory = static_cast<std::uint8_t*>(std::calloc(size, 1));
    if (memory == nullptr) throw std::bad_alloc();
    return {memory, {size}};
  }
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  prefer_large_pages(memory, size);
  return {static_cast<std::uint8_t*>(memory), {size}};
}

ZeroedBytes::ZeroedBytes(std::size_t size) : size_(size), memory_(allocate(size)) {}

ZeroedBytes::ZeroedBytes(const ZeroedBytes& other) : ZeroedBytes(other.size_) {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  for (std::size_t at = 0; at < size_; at += kPiece) {
    const std::size_t size = std::min(kPiece, size_ - at);
    if (!all_zero(other.data() + at, other.data() + at + size)) std::memcpy(data() + at, other.data() + at, size);
  }
}

ZeroedBytes& ZeroedBytes::operator=(const ZeroedBytes& other) {
  if (this != &other) *this = ZeroedBytes(other);
  return *this;
}

ZeroedBytes::ZeroedBytes(ZeroedBytes&& other) noexcept
    : size_(std::exchange(other.size_, 0)), memory_(std::move(other.memory_)) {}

ZeroedBytes& ZeroedBytes::operator=(ZeroedBytes&& other) noexcept {
  size_ = std::exchange(other.size_, 0);
  memory_ = std::move(other.memory_);
  return *this;
}

void ZeroedBytes::touch_from_end() {
#ifdef MADV_POPULATE_WRITE
  if (size_ < kLarge) return;
  for (std::size_t end = (size_ + kLargePage - 1) / kLargePage * kLargePage; end > 0; end -= kLargePage) {
    std::uint8_t* page = data() + (end - kLargePage);
    // Systems that don't know this need not do it.
    if (::madvise(page, std::min(kLargePage, size_ - (end - kLargePage)), MADV_POPULATE_WRITE) != 0) return;
  }
#endif
}

bool ZeroedBytes::operator==(const ZeroedBytes& other) const {
  return size_ == other.size_ && (size_ == 0 || std::memcmp(data(), other.data(), size_) == 0);
}

std::size_t Mask::count() const {
  std::size_t sum = 0;
  constexpr std::size_t kLook = 4096;
  // Counted in bytes first, which goes many at a time.
  constexpr std::size_t kStep = 128;
  for (std::size_t i = 0; i < repaint.size(); i += kLook) {
    const std::size_t stop = std::min(i + kLook, repaint.size());
    if (all_zero(repaint.data() + i, repaint.data() + stop)) continue;
    for (std::size_t begin = i; begin < stop; begin += kStep) {
      const std::size_t end = std::min(begin + kStep, stop);
      std::uint8_t part = 0;
      for (std::size_t k = begin; k < end; ++k) part = static_cast<std::uint8_t>(part + (repaint[k] != 0 ? 1 : 0));
      sum += part;
    }
  }
  return sum;
}

bool Mask::none() const { return all_zero(repaint.begin(), repaint.end()); }

bool Mask::all() const { return repaint.empty() || std::memchr(repaint.data(), 0, repaint.size()) == nullptr; }

}  // namespace zimage

#include "zimage/image.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace zimage {
namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

/// Touching memory for the first time is much of what handling a large picture costs, and less of it in large pages.
/// Only asks: where the system has none to give, small pages do.
void ask_for_large_pages(void* memory, std::size_t bytes) {
  if (bytes < 4 * kLargePage) return;
  const std::size_t into = reinterpret_cast<std::uintptr_t>(memory) % kLargePage;
  const std::size_t skip = into == 0 ? 0 : kLargePage - into;
  const std::size_t length = (bytes - skip) / kLargePage * kLargePage;
  ::madvise(static_cast<char*>(memory) + skip, length, MADV_HUGEPAGE);
}

/// Zeros, which large sizes get untouched from the system.
std::uint8_t* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* memory = std::calloc(bytes, 1);
  if (memory == nullptr) throw std::bad_alloc();
  ask_for_large_pages(memory, bytes);
  return static_cast<std::uint8_t*>(memory);
}

}  // namespace

void Samples::Free::operator()(std::uint8_t* memory) const { std::free(memory); }

Samples::Samples(std::size_t count, int bit_depth)
    : size_(count), deep_(bit_depth == 16), memory_(allocate(count * sample_bytes())) {}

Samples::Samples(const Samples& other) : Samples(other.size_, other.bit_depth()) {
  if (size_ > 0) std::memcpy(memory_.get(), other.memory_.get(), size_ * sample_bytes());
}

Samples& Samples::operator=(const Samples& other) {
  if (this != &other) *this = Samples(other);
  return *this;
}

Samples::Samples(Samples&& other) noexcept
    : size_(std::exchange(other.size_, 0)), deep_(other.deep_), memory_(std::move(other.memory_)) {}

Samples& Samples::operator=(Samples&& other) noexcept {
  size_ = std::exchange(other.size_, 0);
  deep_ = other.deep_;
  memory_ = std::move(other.memory_);
  return *this;
}

bool Samples::operator==(const Samples& other) const {
  if (size_ != other.size_ || deep_ != other.deep_) return false;
  return size_ == 0 || std::memcmp(memory_.get(), other.memory_.get(), size_ * sample_bytes()) == 0;
}

std::size_t Mask::count() const {
  // Counted in bytes first, which goes many at a time.
  std::size_t sum = 0;
  constexpr std::size_t kStep = 128;
  for (std::size_t i = 0; i < repaint.size(); i += kStep) {
    const std::size_t end = std::min(i + kStep, repaint.size());
    std::uint8_t part = 0;
    for (std::size_t k = i; k < end; ++k) part = static_cast<std::uint8_t>(part + (repaint[k] != 0 ? 1 : 0));
    sum += part;
  }
  return sum;
}

bool Mask::none() const {
  // By the piece, which goes many bytes at a time.
  constexpr std::size_t kStep = 4096;
  for (std::size_t i = 0; i < repaint.size(); i += kStep) {
    const std::size_t end = std::min(i + kStep, repaint.size());
    std::uint8_t any = 0;
    for (std::size_t k = i; k < end; ++k) any |= repaint[k];
    if (any != 0) return false;
  }
  return true;
}

bool Mask::all() const { return repaint.empty() || std::memchr(repaint.data(), 0, repaint.size()) == nullptr; }

}  // namespace zimage

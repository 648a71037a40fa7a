#include "core/large_image.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace zimage {
namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

/// Only asks: where the system has none to give, small pages do. `memory` must be untouched.
void ask_for_large_pages(void* memory, std::size_t bytes) {
  if (bytes < 4 * kLargePage) return;
  const std::size_t into = reinterpret_cast<std::uintptr_t>(memory) % kLargePage;
  const std::size_t skip = into == 0 ? 0 : kLargePage - into;
  const std::size_t length = (bytes - skip) / kLargePage * kLargePage;
  ::madvise(static_cast<char*>(memory) + skip, length, MADV_HUGEPAGE);
}

}  // namespace

void reserve_samples(Image& image) {
  image.samples.reserve(image.index(0, image.height));
  ask_for_large_pages(image.samples.data(), image.samples.capacity() * sizeof(std::uint16_t));
}

Image blank_image(int width, int height, int channels, int bit_depth) {
  Image out;
  out.width = width;
  out.height = height;
  out.channels = channels;
  out.bit_depth = bit_depth;
  reserve_samples(out);
  out.samples.resize(out.index(0, height));
  return out;
}

Image copy_of(const Image& image) {
  Image out;
  out.width = image.width;
  out.height = image.height;
  out.channels = image.channels;
  out.bit_depth = image.bit_depth;
  reserve_samples(out);
  out.samples.insert(out.samples.end(), image.samples.begin(), image.samples.end());
  return out;
}

}  // namespace zimage

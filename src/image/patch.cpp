#include <cstring>

#include "zimage/result.h"

namespace zimage {

void paste(const Patch& patch, Image& picture) {
  const auto width = static_cast<std::size_t>(patch.box.width);
  const std::size_t pixel = picture.index(1, 0) * picture.samples.sample_bytes();
  for (int y = 0; y < patch.box.height; ++y) {
    const std::uint8_t* row = patch.coverage.data() + static_cast<std::size_t>(y) * width;
    const std::uint8_t* from = patch.pixels.samples.address(patch.pixels.index(0, y));
    std::uint8_t* to = picture.samples.address(picture.index(patch.box.x, patch.box.y + y));
    for (std::size_t x = 0; x < width; ++x) {
      // Most of a large patch may be uncovered.
      const void* next = std::memchr(row + x, 1, width - x);
      if (next == nullptr) break;
      x = static_cast<std::size_t>(static_cast<const std::uint8_t*>(next) - row);
      std::memcpy(to + x * pixel, from + x * pixel, pixel);
    }
  }
}

}  // namespace zimage

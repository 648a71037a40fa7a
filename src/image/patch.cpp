#include "image/patch.h"

#include <algorithm>
#include <cstring>

#include "zimage/error.h"

namespace zimage {

void paste(const Patch& patch, const Box& box, Image& part) {
  const Box& place = patch.box;
  const int left = std::max(place.x, box.x);
  const int right = std::min(place.x + place.width, box.x + box.width);
  const int bottom = std::min(place.y + place.height, box.y + box.height);
  if (left >= right) return;
  const auto width = static_cast<std::size_t>(right - left);
  const std::size_t pixel = part.index(1, 0) * part.samples.sample_bytes();
  for (int y = std::max(place.y, box.y); y < bottom; ++y) {
    const std::size_t first = patch.pixels.index(left - place.x, y - place.y);
    const std::uint8_t* row = patch.coverage.data() + first / static_cast<std::size_t>(patch.pixels.channels);
    const std::uint8_t* from = patch.pixels.samples.address(first);
    std::uint8_t* to = part.samples.address(part.index(left - box.x, y - box.y));
    for (std::size_t x = 0; x < width; ++x) {
      // A large patch may cover few of its pixels, so skip ahead to the next one.
      const void* next = std::memchr(row + x, 1, width - x);
      if (next == nullptr) break;
      x = static_cast<std::size_t>(static_cast<const std::uint8_t*>(next) - row);
      std::memcpy(to + x * pixel, from + x * pixel, pixel);
    }
  }
}

void paste(const Patch& patch, Image& picture) {
  if (patch.coverage.empty()) {
    throw Error(ErrorCode::kUsage, "a patch of a run with composite off can't be pasted", "use its pixels as they are");
  }
  paste(patch, {0, 0, picture.width, picture.height}, picture);
}

}  // namespace zimage

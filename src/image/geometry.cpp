#include "image/geometry.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>

#include "base/zeros.h"

namespace zimage {

namespace {

bool painted(std::uint8_t value) { return value != 0; }

/// Pixels tested by one memcmp().
constexpr std::ptrdiff_t kLook = 64;

/// Finds the first painted pixel; there must be one.
const std::uint8_t* first_painted(const std::uint8_t* begin, const std::uint8_t* end) {
  while (end - begin > kLook && all_zero(begin, begin + kLook)) begin += kLook;
  return std::find_if(begin, end, painted);
}

const std::uint8_t* last_painted(const std::uint8_t* begin, const std::uint8_t* end) {
  while (end - begin > kLook && all_zero(end - kLook, end)) end -= kLook;
  return std::find_if(std::reverse_iterator(end), std::reverse_iterator(begin), painted).base() - 1;
}

}  // namespace

int round_to_multiple(int side) { return std::max(1, (side + kSizeMultiple / 2) / kSizeMultiple) * kSizeMultiple; }

WorkingRegion whole_picture(int width, int height) {
  return {0, 0, width, height, round_to_multiple(width), round_to_multiple(height)};
}

Box bounding_box(const Mask& mask, const Box& within) {
  int left = within.x + within.width;
  int right = within.x - 1;
  int top = within.y + within.height;
  int bottom = within.y - 1;
  for (int y = within.y; y < within.y + within.height; ++y) {
    const std::uint8_t* row = mask.repaint.data() + mask.index(0, y);
    const std::uint8_t* begin = row + within.x;
    const std::uint8_t* end = begin + within.width;
    if (bottom < top) {  // none so far
      if (all_zero(begin, end)) continue;
      top = y;
      left = static_cast<int>(first_painted(begin, end) - row);
    }
    // Only pixels beyond the box so far can move its edges.
    if (!all_zero(begin, row + left)) {
      left = static_cast<int>(first_painted(begin, row + left) - row);
      bottom = y;
    }
    const std::uint8_t* beyond = row + std::max(right + 1, left);
    if (!all_zero(beyond, end)) {
      right = static_cast<int>(last_painted(beyond, end) - row);
      bottom = y;
    }
    if (bottom < y && !all_zero(row + left, row + right + 1)) bottom = y;
  }
  if (bottom < top) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

Box bounding_box(const Mask& mask) { return bounding_box(mask, {0, 0, mask.width, mask.height}); }

Box changed_part(const Mask& mask, const WorkingRegion& region, int feather) {
  const Box box = box_of(region);
  return grown(bounding_box(mask, box), feather, box);
}

bool all_repainted(const Mask& mask, const Box& box) {
  for (int y = box.y; y < box.y + box.height; ++y) {
    const std::uint8_t* row = mask.repaint.data() + mask.index(box.x, y);
    if (std::memchr(row, 0, static_cast<std::size_t>(box.width)) != nullptr) return false;
  }
  return true;
}

Box grown(const Box& box, int margin, const Box& limit) {
  const auto clip = [margin](int start, int length, int limit_start, int limit_length) {
    const long from = std::max<long>(limit_start, static_cast<long>(start) - margin);
    const long to =
        std::min<long>(static_cast<long>(limit_start) + limit_length, static_cast<long>(start) + length + margin);
    return std::pair(static_cast<int>(from), static_cast<int>(std::max<long>(0, to - from)));
  };
  const auto [x, width] = clip(box.x, box.width, limit.x, limit.width);
  const auto [y, height] = clip(box.y, box.height, limit.y, limit.height);
  return {x, y, width, height};
}

}  // namespace zimage

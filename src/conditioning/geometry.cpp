#include "conditioning/geometry.h"

#include <algorithm>

namespace zimage {

int round_to_multiple(int side) { return std::max(1, (side + kSizeMultiple / 2) / kSizeMultiple) * kSizeMultiple; }

WorkingRegion whole_picture(int width, int height) {
  return {0, 0, width, height, round_to_multiple(width), round_to_multiple(height)};
}

}  // namespace zimage

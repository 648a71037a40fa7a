#include "zimage/image.h"

#include <algorithm>

namespace zimage {

std::size_t Mask::count() const {
  return static_cast<std::size_t>(std::count_if(repaint.begin(), repaint.end(), [](auto v) { return v != 0; }));
}

}  // namespace zimage

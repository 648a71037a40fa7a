// Works through a large box in tiles: that takes less memory, and tiles with nothing to do can be skipped.
#pragma once

#include "base/parallel.h"

#include <algorithm>
#include <cstdint>

#include "image/geometry.h"

namespace zimage {

/// Returns a side for tiles whose work reaches `reach` pixels beyond them: so large that little work is done twice.
inline int tile_side(int reach) { return std::max(256, 4 * reach); }

/// Calls f(tile) on all threads for squares of `side` pixels, smaller at the right and bottom, that make up `box`.
template <class F>
void for_each_tile(const Box& box, int side, const F& f) {
  if (box.empty()) return;
  const int across = (box.width + side - 1) / side;
  const int tiles = across * ((box.height + side - 1) / side);
  parallel_for(0, tiles, 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<int>(begin); i < end; ++i) {
      f(grown({box.x + i % across * side, box.y + i / across * side, side, side}, 0, box));
    }
  });
}

}  // namespace zimage

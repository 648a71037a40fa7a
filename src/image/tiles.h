// A large box in pieces: what lies far apart leaves most of them alone, and all of it at once is much memory.
#pragma once

#include "base/parallel.h"

#include <algorithm>
#include <cstdint>

#include "image/geometry.h"

namespace zimage {

/// A side of tiles in which what reaches `reach` pixels beyond them isn't worked out much more often than once.
inline int tile_side(int reach) { return std::max(256, 4 * reach); }

/// f(tile) for squares of `side` pixels, less at the right and the bottom, that make up `box`, on all threads.
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

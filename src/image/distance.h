// Exact Euclidean distances to a mask, in time linear in the pixels.
// Source: Meijster, Roerdink and Hesselink, "A General Algorithm for Computing Distance Transforms in Linear Time"
// (2000), in integers throughout.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// The nearest repainted pixel, and the square of its distance, measured between pixel centres.
struct Nearest {
  std::int64_t squared = kNone;
  int x = 0;
  int y = 0;

  static constexpr std::int64_t kNone = INT64_MAX;  ///< nothing is repainted
};

/// Receives row `y` of the picture; `row[i]` belongs to pixel (box.x + i, y).
using NearestRow = std::function<void(int y, const std::vector<Nearest>& row)>;

/// Visits the rows of `box`, which lies inside the mask, from top to bottom. Only mask pixels inside the box count.
void for_each_nearest(const Mask& mask, const Box& box, const NearestRow& visit);

}  // namespace zimage

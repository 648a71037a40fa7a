// How a result differs from the picture it came from.
#pragma once

#include <cstddef>

#include "zimage/image.h"

namespace zimage {

struct Difference {
  std::size_t changed_pixels = 0;
  int max_change_outside_mask = 0;        ///< in levels of the coarser of the two bit depths
  double mean_change_outside_mask = 0.0;  ///< the same, over the samples compared
};

/// Compares the colours (and alpha, where both have one) of two pictures of one size, whatever their channels and
/// depths.
Difference compare(const Image& before, const Image& after, const Mask& mask);

/// The same where only the part of the picture that `part` holds, from (left, top) on, was looked at: all the rest is
/// as it was.
Difference compare_part(const Image& before, const Image& part, int left, int top, const Mask& mask);

}  // namespace zimage

// Draws the difference of two pictures for the page.
#pragma once

#include <string>

#include "zimage/image.h"

namespace zimage::app {

struct PageDifference {
  Image small{};          ///< 8 bits: black where the pictures are equal, the largest difference white
  std::string caption{};  ///< how much that is
  std::string worst{};    ///< a sentence about the pixel that differs most; empty: none does
};

/// Compares two pictures of the same size and draws how far they differ, in at most side × side pixels. A pixel shows
/// the largest difference of those that it covers. With `mark`, a frame is drawn around the pixel that differs most.
PageDifference page_difference(const Image& a, const Image& b, int side, bool mark);

}  // namespace zimage::app

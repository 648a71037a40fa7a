// Rotates images upright, by their EXIF orientation.
#pragma once

#include <cstdint>
#include <string>

#include "zimage/image.h"

namespace zimage {

/// Returns the image upright. `orientation` is EXIF's: 2 mirrored, 3 rotated by 180°, 4 flipped, 5 transposed, 6 to be
/// rotated clockwise, 7 transversed, 8 to be rotated counter-clockwise; other values change nothing.
Image upright(Image image, int orientation);

/// Returns whether the upright image's width is the stored one's height.
inline bool turns_sides(int orientation) { return orientation >= 5 && orientation <= 8; }

/// Returns whether left and right (mirrors) or top and bottom (flips) are swapped, after transposing if turns_sides().
inline bool mirrors(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
}
inline bool flips(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
}

}  // namespace zimage

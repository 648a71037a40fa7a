// Pictures turned upright, as EXIF's orientation says.
#pragma once

#include <cstdint>
#include <string>

#include "zimage/image.h"

namespace zimage {

/// The picture as it is to be seen. `orientation` as EXIF counts: 2 mirrored, 3 turned by 180°, 4 flipped,
/// 5 transposed, 6 to be turned clockwise, 7 transversed, 8 to be turned counter-clockwise; others change nothing.
Image upright(Image image, int orientation);

/// Whether an upright picture's width is the stored one's height.
inline bool turns_sides(int orientation) { return orientation >= 5 && orientation <= 8; }

/// Whether left and right change places, and top and bottom, after the sides have where turns_sides().
inline bool mirrors(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
}
inline bool flips(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
}

}  // namespace zimage

// Pictures turned upright, as EXIF's orientation says.
#pragma once

#include <string>

#include "zimage/image.h"

namespace zimage::io {

/// The picture as it is to be seen. `orientation` as EXIF counts: 2 mirrored, 3 turned by 180°, 4 flipped,
/// 5 transposed, 6 to be turned clockwise, 7 transversed, 8 to be turned counter-clockwise; others change nothing.
Image upright(Image image, int orientation);

/// An XMP packet whose tiff:Orientation is 1, if it has one; nothing else changes.
std::string upright_xmp(std::string xmp);

}  // namespace zimage::io

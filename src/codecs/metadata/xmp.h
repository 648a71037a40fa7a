// The one thing of an XMP packet that this program changes.
#pragma once

#include <string>

namespace zimage::codecs {

/// An XMP packet whose tiff:Orientation is 1, if it has one; nothing else changes.
std::string upright_xmp(std::string xmp);

}  // namespace zimage::codecs

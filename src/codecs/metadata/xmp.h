// Changes the one part of an XMP packet that matters to this program.
#pragma once

#include <string>

namespace zimage::codecs {

/// Returns an XMP packet with its tiff:Orientation, if it has one, set to 1; nothing else changes.
std::string upright_xmp(std::string xmp);

}  // namespace zimage::codecs

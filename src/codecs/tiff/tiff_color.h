// What a TIFF's own tags say about its colours (TIFF 6.0, section 20).
#pragma once

#include <tiffio.h>

#include "codecs/image_file.h"
#include "codecs/tiff/tiff_layout.h"

namespace zimage::codecs {

/// Makes, if the file has no profile, one of its tags WhitePoint, PrimaryChromaticities and TransferFunction. Ones that
/// can't be used are told in left_out.
void apply_tiff_colors(TIFF* tiff, const TiffLayout& layout, ImageMetadata& metadata);

}  // namespace zimage::codecs

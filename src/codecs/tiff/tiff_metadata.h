// Reads what a TIFF holds beside its pixels.
#pragma once

#include <tiffio.h>

#include "codecs/image_codecs.h"
#include "codecs/tiff/tiff_layout.h"

namespace zimage::codecs {

/// Reads the first page's metadata, and tells of what no result has. `bytes` is the whole file.
void read_tiff_metadata(TIFF* tiff, Bytes bytes, const TiffLayout& layout, ImageMetadata& metadata);

/// Returns whether a page follows that isn't just a smaller copy of another, and tells of copies that are more than
/// thumbnails. It goes on to that page.
bool has_further_pages(TIFF* tiff, ImageMetadata& metadata);

}  // namespace zimage::codecs

// EXIF, XMP and ICC profiles in JPEG's APP1 and APP2 segments.
#pragma once

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// Reads the metadata in the segments before the first scan. The first of each kind counts, damaged ones are left out,
/// and `orientation` isn't set. XMP beyond 64 KiB ("extended XMP", in segments of its own) is left out: it holds things
/// that are rarely missed (thumbnails, depth maps), and they often show pixels that the result no longer has.
ImageMetadata read_markers(JpegDecoder& decoder);

/// Returns the metadata without what doesn't fit into JPEG's segments (which happens if it comes from another format).
/// Logs a warning for each.
ImageMetadata writable_markers(const ImageMetadata& metadata);

/// Writes the segments for the result of writable_markers(). Call it where jpeg_write_marker() may be called. libjpeg's
/// errors jump.
void write_markers(jpeg_compress_struct& info, const ImageMetadata& metadata);

}  // namespace zimage::codecs

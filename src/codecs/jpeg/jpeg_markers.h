// EXIF, XMP, ICC profiles, Photoshop's resources and comments in JPEG's segments.
#pragma once

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// Reads the metadata in the segments before the first scan: the first of each kind, comments all; damaged ones are
/// left out, and `orientation` isn't set. Extended XMP is read if the packet refers to it and all its parts are there.
ImageMetadata read_markers(JpegDecoder& decoder);

/// Returns the metadata without what doesn't fit into JPEG's segments (which happens if it comes from another format).
/// Logs a warning for each. An XMP packet that is too large for one becomes an extension (XMP specification, part 3).
ImageMetadata writable_markers(const ImageMetadata& metadata);

/// Writes the segments for the result of writable_markers(). Call it where jpeg_write_marker() may be called. libjpeg's
/// errors jump.
void write_markers(jpeg_compress_struct& info, const ImageMetadata& metadata);

}  // namespace zimage::codecs

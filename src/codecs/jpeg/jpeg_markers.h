// EXIF, XMP and ICC profiles in JPEG's APP1 and APP2 segments.
#pragma once

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// What the segments before the first scan hold; the first of each kind counts, and damaged ones are left out.
/// `orientation` is not looked for. XMP beyond 64 KiB ("extended XMP", in segments of its own) is left out: it holds
/// what a person rarely misses (thumbnails, depth maps), often of pixels that the result has no more.
Carried read_markers(JpegDecoder& decoder);

/// Without what doesn't fit into JPEG's segments (which is possible if it comes from another format); says so in the
/// log.
Carried writable_markers(const Carried& carried);

/// Writes the segments, of writable_markers() only; to be called where jpeg_write_marker() may be. libjpeg's errors
/// jump.
void write_markers(jpeg_compress_struct& info, const Carried& carried);

}  // namespace zimage::codecs

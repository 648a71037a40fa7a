// Names a JPEG's segments that no result has, and finds those that lie behind its pixels.
#pragma once

#include <string>
#include <vector>

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// Returns names for ImageMetadata::dropped: the application segments that nothing here reads, such as a camera's own.
/// Pictures in them may show the old picture, and what else is in them may not hold for the new one. Call it after
/// read_header() and before the pixels, with which libjpeg drops the segments. `metadata` was read from them; of
/// Content Credentials (`credentials`) a sentence tells.
std::vector<std::string> other_segments(const JpegDecoder& decoder, const ImageMetadata& metadata, bool credentials);

/// Reads the comments between the scans and behind them, and names application segments there. `scans` is the file from
/// the first scan's data on.
void read_late_segments(Bytes scans, ImageMetadata& metadata);

}  // namespace zimage::codecs

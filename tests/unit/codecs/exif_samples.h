// Makes EXIF blocks entry by entry, in both byte orders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codecs/metadata/exif_directory.h"
#include "support/files.h"

namespace zimage::test {

struct ExifSample {
  bool big_endian = false;
  int orientation = 6;
  bool exif_directory = true;   ///< with PixelXDimension 400, PixelYDimension 300 and a maker note
  std::string comment_bytes{};  ///< the UserComment with its 8 bytes of prefix; none if empty
  bool thumbnail = true;        ///< a second directory, with a JPEG
};

/// Returns IFD0 (camera "Cam-1 of tests", orientation), the Exif directory and IFD1.
Bytes exif_sample(const ExifSample& sample);

/// exif_sample()'s thumbnail begins with this.
inline const std::string kThumbnailStart = "\xff\xd8thumb";

}  // namespace zimage::test

// Finds a JPEG's contents that can't be kept: gain maps, further pictures and videos behind its picture, and
// signatures.
#pragma once

#include <string>
#include <vector>

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// What the segments say about contents behind the picture.
struct AnnouncedContents {
  std::size_t pictures = 0;  ///< by the Multi-Picture Format's index, without large previews
  bool index = false;        ///< there is such an index
  bool gain_map = false;
  bool credentials = false;  ///< by C2PA, in the segments themselves
};

/// Reads the segments, after read_header() and before the pixels, with which libjpeg drops them.
AnnouncedContents announced_contents(const JpegDecoder& decoder);

/// Returns what of the file's other contents can't be kept, as for ImageMetadata::left_out. They belong to the old
/// picture. `decoder` has read all pixels; `xmp` is the file's packet. Previews and zeros are not worth a word.
std::vector<std::string> appended_contents(const JpegDecoder& decoder, const AnnouncedContents& announced,
                                           const std::string& xmp);

}  // namespace zimage::codecs

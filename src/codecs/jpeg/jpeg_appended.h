// What lies behind a JPEG's picture: gain maps, further pictures, videos.
#pragma once

#include <string>
#include <vector>

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// Returns what of the file's other contents can't be kept, as for ImageMetadata::left_out. They belong to the old
/// picture. `decoder` has read all pixels; `xmp` is the file's packet. Previews and zeros are not worth a word.
std::vector<std::string> appended_contents(const JpegDecoder& decoder, const std::string& xmp);

}  // namespace zimage::codecs

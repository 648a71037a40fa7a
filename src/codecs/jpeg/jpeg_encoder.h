// The steps that all our uses of libjpeg's encoder share.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/jpeg/jpeg_settings.h"

namespace zimage::codecs {

/// Sets up an encoder that writes to memory: everything but the quality and the pixels. False: see error.message.
bool create(JpegEncoder& encoder, const JpegSettings& settings);

/// Feeds the encoder all rows of `image`, after jpeg_start_compress(). `row` is a buffer for rows that are converted.
/// libjpeg's errors jump.
void write_rows(jpeg_compress_struct& info, const Image& image, std::vector<std::uint8_t>& row);

}  // namespace zimage::codecs

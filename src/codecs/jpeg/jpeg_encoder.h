// How every JPEG encoder of ours begins and is fed.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/jpeg/jpeg_settings.h"

namespace zimage::codecs {

/// Sets up an encoder that writes to memory: everything but the quality and what it is fed with. False: error.message.
bool create(JpegEncoder& encoder, const JpegSettings& settings);

/// After jpeg_start_compress(): as many rows as the encoder's picture has, from the part of `image` that begins at
/// (x, y). `row` is room for one, where the picture's own bytes can't be taken. libjpeg's errors jump.
void write_rows(jpeg_compress_struct& info, const Image& image, int x, int y, std::vector<std::uint8_t>& row);

}  // namespace zimage::codecs

// The JPEG that a picture came from, with the DCT coefficients that its result may keep.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "codecs/image_file.h"
#include "codecs/jpeg/jpeg_settings.h"
#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

struct JpegOrigin {
  std::vector<std::uint8_t> file;
  bool upright = true;                     ///< false: it lies otherwise, and can't be rotated without loss
  std::optional<JpegSettings> settings{};  ///< as read_settings(); of a rotated file with the coding that it had before
};

/// Whether the coefficients, which are read if they weren't, tell all that decoders make of the file.
/// Errors: kInput for a source that can't be read.
bool can_be_spliced(JpegDecoder& source);

/// Whether standard Huffman tables have a code for all coefficients, which have been read. libjpeg-turbo checks that
/// only where it makes tables of its own.
bool coefficients_in_range(JpegDecoder& source);

}  // namespace zimage::codecs

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
  bool upright = true;                     ///< false: it has another orientation, and can't be rotated without loss
  std::optional<JpegSettings> settings{};  ///< from read_settings(); a rotated file keeps the original's coding
};

/// Returns whether the coefficients alone decide what decoders show (they smooth a progressive file that lacks scans).
/// Reads the coefficients if they haven't been read. Errors: kInput for a source that can't be read.
bool can_be_spliced(JpegDecoder& source);

/// Returns whether standard Huffman tables have codes for all coefficients, which must have been read. libjpeg-turbo
/// checks that only when it makes tables of its own.
bool coefficients_in_range(JpegDecoder& source);

}  // namespace zimage::codecs

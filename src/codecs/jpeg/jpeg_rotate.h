// Rotates a JPEG upright without loss, through TurboJPEG: its DCT coefficients are moved, not decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// Returns a file of EXIF orientation 2…8 rotated upright, without its markers. Its decoded pixels may differ by a
/// level in luma and chroma from the original's pixels rotated, because decoders round. Empty, with the reason in the
/// log at debug level, if the rotation would lose something (partly filled MCUs would end up at the left or top), and
/// for a subsampling that TurboJPEG has no name for.
std::optional<std::vector<std::uint8_t>> rotate_upright(Bytes file, int orientation);

}  // namespace zimage::codecs

// A JPEG rotated upright without loss, through TurboJPEG: its DCT coefficients are moved, not decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/image_codecs.h"

namespace zimage::codecs {

/// The file, which lies in `orientation` (2…8, as EXIF counts), upright, without its markers. What it decodes to may
/// differ by a level in luma and chroma from its pixels rotated, as decoders round. Empty, with the reason in the log
/// at debug level, where that loses something (MCUs that the picture fills only in part would come to lie at its left
/// or top), and for a subsampling that TurboJPEG has no name for.
std::optional<std::vector<std::uint8_t>> rotate_upright(Bytes file, int orientation);

}  // namespace zimage::codecs

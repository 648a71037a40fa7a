// A JPEG turned upright without loss: its DCT coefficients are moved and transposed, not decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "io/image_codecs.h"

namespace zimage::io::codec {

/// The file as its orientation (2…8, as EXIF counts) says, without markers; decoders' rounding may differ by a level
/// from turning what `jpeg` decodes to. Takes the coefficients twice (2 bytes for each sample of each component).
/// Empty where that can't be done without loss: where MCUs that the picture fills only in part would come to lie at its
/// left or top, and for damaged files and samplings that TurboJPEG doesn't know.
std::optional<std::vector<std::uint8_t>> turn_upright(Bytes jpeg, int orientation);

}  // namespace zimage::io::codec

// A changed picture as a JPEG that keeps the source's DCT coefficients wherever nothing was changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/jpeg/jpeg_source.h"

namespace zimage::codecs {

/// The origin (upright, with settings), coded as those say, with the blocks that a changed pixel lies in encoded anew
/// from `image` (of the same size and as many colours); all other blocks have the origin's coefficients bit for bit.
/// That is finer than whole MCUs: of a 4:2:0 MCU the luma blocks without a changed pixel stay as well. Takes the
/// origin's coefficients (2 bytes for each sample of each component) and the new file as memory, and encodes no more
/// than the touched rows of MCUs. Empty, with the reason in the log, if the origin's coefficients can't stand in a new
/// file: some are beyond what Huffman coding takes, or a progressive file lacks scans (decoders smooth what they miss).
/// Errors: kInput for a file that can't be read.
std::optional<std::vector<std::uint8_t>> splice(const JpegOrigin& origin, const Image& image, const Mask& changed,
                                                const Carried& carried);

}  // namespace zimage::codecs

// A changed picture as a JPEG that keeps the source's DCT coefficients wherever nothing was changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/jpeg/jpeg_source.h"

namespace zimage::codecs {

/// `source` (opened, with settings), coded as those say, with the blocks that a changed pixel lies in encoded anew from
/// `image` (of the same size and as many colours); all other blocks have the source's coefficients bit for bit. That is
/// finer than whole MCUs: of a 4:2:0 MCU the luma blocks without a changed pixel stay as well. Takes the source's
/// coefficients (2 bytes for each sample of each component) and the new file as memory, and encodes no more than the
/// touched rows of MCUs. `stream`, unless null, gets the file as it is written. Empty, with the reason in the log, if
/// the source's coefficients can't stand in a new file: some are beyond what Huffman coding takes, or a progressive
/// file lacks scans (decoders smooth what they miss). Errors: kInput for a source that can't be read.
std::optional<std::vector<std::uint8_t>> splice(SpliceSource& source, const Image& image, const Mask& changed,
                                                const Carried& carried, ByteStream* stream = nullptr);

/// Where the result of splice() may decode otherwise than the source: see jpeg_changed_pixels().
Mask changed_pixels(const JpegSettings& settings, const Mask& changed);

}  // namespace zimage::codecs

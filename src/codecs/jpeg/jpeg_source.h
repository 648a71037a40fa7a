// The JPEG that a picture came from, with the DCT coefficients that its result may keep.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "codecs/jpeg/jpeg_settings.h"

namespace zimage::codecs {

/// A source JPEG on its way to become a new file.
struct SpliceSource {
  std::vector<std::uint8_t> header{};  ///< of the turned file, where it had to be turned: what the decoder reads then
  bool upright = true;                 ///< false: it lies otherwise, and can't be turned without loss
  JpegDecoder decoder;
  std::optional<JpegSettings> settings;  ///< as read_settings()
  bool read = false;                     ///< all below is known
  bool complete = false;                 ///< as can_be_spliced()
  bool in_range = false;                 ///< standard Huffman tables have a code for all coefficients
};

/// Gets a picture's rows from `top` on, all of them from top to bottom.
using VisitRows = std::function<void(const Image& rows, int top)>;

/// The header and the settings of a file that lies in `orientation` (as EXIF counts), turned upright where that can be
/// done without loss; then `visit`, if there is one, gets the pixels of the turned file. `bytes` must outlive the
/// source. Errors: kInput.
std::unique_ptr<SpliceSource> open_source(Bytes bytes, int orientation, const VisitRows& visit = {});
/// All of the rest, unless it was read. Errors: kInput.
void read_source(SpliceSource& source);

/// Whether the coefficients, which are read if they weren't, tell all that decoders make of the file.
/// Errors: kInput for a source that can't be read.
bool can_be_spliced(JpegDecoder& source);

/// Whether standard Huffman tables have a code for all coefficients, which have been read. libjpeg-turbo checks that
/// only where it makes tables of its own.
bool coefficients_in_range(JpegDecoder& source);

}  // namespace zimage::codecs

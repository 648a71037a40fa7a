// A JPEG turned upright without loss: its DCT coefficients are moved and transposed, not decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/jpeg/jpeg_settings.h"

namespace zimage::codecs {

/// The settings of a file of `settings` once its orientation (2…8, as EXIF counts) is undone: coded the same, with the
/// quantisation tables transposed as well where the sides change places. Empty where that can't be done without loss:
/// where MCUs that the picture fills only in part would come to lie at its left or top, and where an MCU has more
/// blocks than a scan of all components may have.
std::optional<JpegSettings> turned_settings(const JpegSettings& settings, int orientation);

/// A file of no more than a header, with which an empty decoder becomes one that turn() can fill.
std::vector<std::uint8_t> empty_jpeg(const JpegSettings& settings);

/// Fills `to`, whose header is that of empty_jpeg(turned_settings()), with the coefficients of `from`, which have been
/// read: as read_coefficients_for_pixels() does. What it decodes to may differ by a level in luma and chroma from
/// `from`'s pixels turned, as decoders round. Takes 2 bytes for each sample of each component. False: to.error.message.
bool turn(JpegDecoder& from, JpegDecoder& to, const JpegSettings& settings, int orientation);

}  // namespace zimage::codecs

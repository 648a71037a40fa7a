// A JPEG's pixels, row by row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// After open_header(): RGB or grey, as the file is. Errors: kInput, naming the file.
void start_pixels(JpegDecoder& decoder, const std::string& name);
/// As start_pixels() where all coefficients are read first, and can be had as well. False: error.message.
bool read_coefficients_for_pixels(JpegDecoder& decoder);
/// After read_coefficients_for_pixels(): the rows begin. False: error.message.
bool start_from_coefficients(JpegDecoder& decoder);

/// The next `count` rows of `stride` bytes. False: error.message.
bool read_rows(JpegDecoder& decoder, std::uint8_t* pixels, std::size_t stride, JDIMENSION count);
/// Columns that are decoded, of rows that start_pixels() began and nobody has read: `left` and `width` change to what
/// the decoder can do. False: error.message.
bool crop_columns(JpegDecoder& decoder, JDIMENSION& left, JDIMENSION& width);
/// Rows after start_pixels() that aren't decoded. False: error.message.
bool skip_rows(JpegDecoder& decoder, int count);
/// After the last row: all of the file is read. False: error.message.
bool finish(JpegDecoder& decoder);

}  // namespace zimage::codecs

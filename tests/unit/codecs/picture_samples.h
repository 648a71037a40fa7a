// Makes small picture files byte by byte, of kinds that our encoders don't write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/files.h"

namespace zimage::test {

/// Returns a PNG chunk with its length and CRC.
Bytes png_chunk(const std::string& type, const Bytes& data);
/// Returns a PNG with these header fields, the chunks `before` IDAT, and filtered rows.
Bytes png(std::uint32_t width, std::uint32_t height, int bit_depth, int color_type, int interlace, const Bytes& before,
          const Bytes& rows);

struct BmpParts {
  std::uint32_t header_size = 40;
  std::int32_t width = 2;
  std::int32_t height = 2;
  unsigned bits = 24;
  std::uint32_t compression = 0;
  std::uint32_t colors_used = 0;
  Bytes after_header;  ///< masks, palette
  Bytes pixels;
};
Bytes bmp(const BmpParts& parts);

}  // namespace zimage::test

#include "unit/codecs/picture_samples.h"

#include <zlib.h>

#include <stdexcept>

namespace zimage::test {
namespace {

// Bytes are pushed one by one, because gcc 12 takes insert() of a range that it sees to be empty for an overread.
void append(Bytes& out, const Bytes& more) {
  for (const std::uint8_t byte : more) out.push_back(byte);
}

void append_big_endian(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

void append_little_endian(Bytes& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

Bytes deflated(const Bytes& data) {
  Bytes out(compressBound(static_cast<uLong>(data.size())));
  uLongf size = static_cast<uLongf>(out.size());
  if (compress(out.data(), &size, data.data(), static_cast<uLong>(data.size())) != Z_OK) {
    throw std::runtime_error("deflate");
  }
  out.resize(size);
  return out;
}

}  // namespace

Bytes png_chunk(const std::string& type, const Bytes& data) {
  Bytes body = bytes_of(type);
  append(body, data);
  Bytes out;
  append_big_endian(out, static_cast<std::uint32_t>(data.size()));
  append(out, body);
  append_big_endian(out, static_cast<std::uint32_t>(crc32(0, body.data(), static_cast<uInt>(body.size()))));
  return out;
}

Bytes png(std::uint32_t width, std::uint32_t height, int bit_depth, int color_type, int interlace, const Bytes& before,
          const Bytes& rows) {
  Bytes header;
  append_big_endian(header, width);
  append_big_endian(header, height);
  for (const int field : {bit_depth, color_type, 0, 0, interlace}) header.push_back(static_cast<std::uint8_t>(field));
  Bytes out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  append(out, png_chunk("IHDR", header));
  append(out, before);
  append(out, png_chunk("IDAT", deflated(rows)));
  append(out, png_chunk("IEND", {}));
  return out;
}

Bytes bmp(const BmpParts& parts) {
  Bytes header;
  append_little_endian(header, parts.header_size, 4);
  const int side = parts.header_size == 12 ? 2 : 4;
  append_little_endian(header, static_cast<std::uint32_t>(parts.width), side);
  append_little_endian(header, static_cast<std::uint32_t>(parts.height), side);
  append_little_endian(header, 1, 2);
  append_little_endian(header, parts.bits, 2);
  if (parts.header_size >= 40) {
    append_little_endian(header, parts.compression, 4);
    for (int i = 0; i < 3; ++i) append_little_endian(header, 0, 4);
    append_little_endian(header, parts.colors_used, 4);
    append_little_endian(header, 0, 4);
  }
  append(header, parts.after_header);
  Bytes out = {'B', 'M'};
  append_little_endian(out, static_cast<std::uint32_t>(14 + header.size() + parts.pixels.size()), 4);
  append_little_endian(out, 0, 4);
  append_little_endian(out, static_cast<std::uint32_t>(14 + header.size()), 4);
  append(out, header);
  append(out, parts.pixels);
  return out;
}

}  // namespace zimage::test

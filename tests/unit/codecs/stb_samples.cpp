#include "unit/codecs/stb_samples.h"

namespace zimage::test {
namespace {

void append(Bytes& out, const Bytes& more) {
  for (const std::uint8_t byte : more) out.push_back(byte);
}

void append_low_first(Bytes& out, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_high_first(Bytes& out, std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// Returns LZW codes of 9 bits, with GIF's start and end codes. They are too few to need longer ones.
Bytes gif_codes(const Bytes& indices) {
  std::vector<unsigned> codes{256};
  codes.insert(codes.end(), indices.begin(), indices.end());
  codes.push_back(257);
  Bytes out;
  unsigned held = 0;
  int bits = 0;
  for (const unsigned code : codes) {
    held |= code << bits;
    for (bits += 9; bits >= 8; bits -= 8, held >>= 8) out.push_back(static_cast<std::uint8_t>(held));
  }
  if (bits > 0) out.push_back(static_cast<std::uint8_t>(held));
  return out;
}

/// Packs a row by PackBits, as one literal run.
Bytes literal_run(const std::uint8_t* row, std::size_t size) {
  Bytes out{static_cast<std::uint8_t>(size - 1)};
  out.insert(out.end(), row, row + size);
  return out;
}

}  // namespace

Bytes pnm(const std::string& header, const Bytes& samples) {
  Bytes out = bytes_of(header);
  append(out, samples);
  return out;
}

Bytes tga(const TgaParts& parts) {
  const unsigned entry_bytes = (parts.entry_bits + 7) / 8;
  const std::size_t entries = entry_bytes == 0 ? 0 : parts.palette.size() / entry_bytes;
  Bytes out{3, static_cast<std::uint8_t>(parts.entry_bits > 0 ? 1 : 0), static_cast<std::uint8_t>(parts.type)};
  append_low_first(out, parts.first_entry, 2);
  append_low_first(out, entries, 2);
  out.push_back(static_cast<std::uint8_t>(parts.entry_bits));
  append_low_first(out, 0, 4);
  append_low_first(out, parts.width, 2);
  append_low_first(out, parts.height, 2);
  out.push_back(static_cast<std::uint8_t>(parts.bits));
  out.push_back(static_cast<std::uint8_t>(parts.flags));
  append(out, {'i', 'd', '!'});
  append(out, parts.palette);
  append(out, parts.pixels);
  return out;
}

Bytes gif(unsigned width, unsigned height, const std::vector<GifFrame>& frames) {
  Bytes out = bytes_of("GIF89a");
  append_low_first(out, width, 2);
  append_low_first(out, height, 2);
  append(out, {0x81, 3, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3});
  for (const GifFrame& frame : frames) {
    const bool clear = frame.transparent >= 0;
    append(out, {0x21, 0xf9, 4, static_cast<std::uint8_t>(clear ? 1 : 0), 0, 0,
                 static_cast<std::uint8_t>(clear ? frame.transparent : 0), 0});
    out.push_back(0x2c);
    for (const unsigned value : {frame.x, frame.y, frame.width, frame.height}) append_low_first(out, value, 2);
    append(out, {static_cast<std::uint8_t>(frame.flags), 8});
    const Bytes codes = gif_codes(frame.indices);
    out.push_back(static_cast<std::uint8_t>(codes.size()));
    append(out, codes);
    out.push_back(0);
  }
  out.push_back(0x3b);
  return out;
}

Bytes psd(const PsdParts& parts) {
  Bytes out = bytes_of("8BPS");
  append_high_first(out, parts.version, 2);
  append_high_first(out, 0, 6);
  append_high_first(out, parts.planes.size(), 2);
  append_high_first(out, parts.height, 4);
  append_high_first(out, parts.width, 4);
  append_high_first(out, parts.depth, 2);
  append_high_first(out, parts.mode, 2);
  append_high_first(out, 0, 4);
  Bytes resources;
  for (const auto& [id, data] : parts.resources) {
    append(resources, bytes_of("8BIM"));
    append_high_first(resources, id, 2);
    append(resources, {3, 'a', 'b', 'c'});
    append_high_first(resources, data.size(), 4);
    append(resources, data);
    if (data.size() % 2 != 0) resources.push_back(0);
  }
  append_high_first(out, resources.size(), 4);
  append(out, resources);
  append_high_first(out, parts.layers.size(), 4);
  append(out, parts.layers);
  append_high_first(out, parts.compression, 2);
  Bytes data;
  for (const Bytes& plane : parts.planes) {
    const std::size_t row = plane.size() / (parts.compression == 1 ? parts.height : 1);
    for (std::size_t at = 0; at < plane.size(); at += row) {
      if (parts.compression == 1) append_high_first(out, row + 1, 2);
      append(data, parts.compression == 1 ? literal_run(&plane[at], row) : plane);
    }
  }
  append(out, data);
  return out;
}

}  // namespace zimage::test

// Goes through a PNG's chunks without libpng, which hides those that it interprets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zimage::codecs {

/// Returns the big-endian number at `at`.
inline std::uint32_t png_number(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

/// Calls `found` with the name and the data of each whole chunk, as long as it returns true. Returns where the walk
/// ended: behind the last chunk for which it returned true.
template <class Found>
std::size_t walk_png_chunks(std::span<const std::uint8_t> png, const Found& found) {
  constexpr std::size_t kFirstChunk = 8;  // behind the signature
  constexpr std::size_t kFrame = 12;      // a chunk's length, name and checksum
  std::size_t at = kFirstChunk;
  while (at + kFrame <= png.size()) {
    const std::size_t size = png_number(png, at);
    if (size > png.size() - at - kFrame) break;
    const std::string_view name(reinterpret_cast<const char*>(png.data() + at + 4), 4);
    if (!found(name, png.subspan(at + 8, size))) break;
    at += kFrame + size;
  }
  return at;
}

/// Calls `found` with the name and the data of each whole chunk before the pixels.
template <class Found>
void each_png_chunk(std::span<const std::uint8_t> png, const Found& found) {
  walk_png_chunks(png, [&](std::string_view name, std::span<const std::uint8_t> data) {
    if (name == "IDAT" || name == "IEND") return false;
    found(name, data);
    return true;
  });
}

}  // namespace zimage::codecs

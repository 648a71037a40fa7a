// The levels of a file's pixels as the file holds them: decode_image() turns palettes into RGB and small greys into 8
// bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace zimage::codecs {

struct StoredLevels {
  int bit_depth = 8;                                   ///< of a grey sample without a palette
  std::vector<std::array<std::uint8_t, 3>> palette{};  ///< empty: the file has none
};

/// Reads a file's header and palette: of PNG, BMP, GIF, TIFF and PNM. Small and inverted greys of TIFF and PNM count as
/// palettes. TGA, whose palettes aren't read, and damaged files have 8 bits and no palette.
StoredLevels stored_levels(std::span<const std::uint8_t> file);

/// Returns the colour that decode_image() gives to a level of the file: of a palette's entry, or of a grey value.
/// 16-bit levels stay as they are. Empty if the file can't hold that level.
std::optional<std::array<std::uint16_t, 3>> decoded_level(const StoredLevels& stored, int image_depth, int level);

/// Does the reverse for the samples of a pixel. Empty for a colour that is no level: one beside the palette, or one
/// that isn't grey where there is none.
std::optional<int> level_of(const StoredLevels& stored, std::array<std::uint16_t, 3> color);

}  // namespace zimage::codecs

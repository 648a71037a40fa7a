#include "codecs/stored_levels.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "codecs/image_codecs.h"
#include "codecs/png_chunks.h"
#include "zimage/error.h"

namespace zimage::codecs {
namespace {

constexpr std::uint8_t kGrey = 0;
constexpr std::uint8_t kPalette = 3;

/// Returns what is in the first chunk of a name; empty if it isn't there before the pixels.
Bytes chunk(Bytes png, std::string_view name) {
  Bytes found;
  each_png_chunk(png, [&](std::string_view its_name, Bytes data) {
    if (its_name == name && found.data() == nullptr) found = data;
  });
  return found;
}

StoredLevels levels_of_png(Bytes file) {
  StoredLevels stored;
  const Bytes header = chunk(file, "IHDR");
  if (header.size() < 13) return stored;
  const std::uint8_t depth = header[8];
  const std::uint8_t kind = header[9];
  if (kind == kGrey && (depth == 1 || depth == 2 || depth == 4)) stored.bit_depth = depth;
  if (kind != kPalette) return stored;
  const Bytes entries = chunk(file, "PLTE");
  for (std::size_t i = 0; i + 2 < entries.size(); i += 3) {
    stored.palette.push_back({entries[i], entries[i + 1], entries[i + 2]});
  }
  return stored;
}

}  // namespace

StoredLevels stored_levels(Bytes file) {
  constexpr std::size_t kStart = 64;
  const auto format =
      format_from_bytes({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(std::min(file.size(), kStart))});
  try {
    if (format == ImageFormat::kPng) return levels_of_png(file);
    if (format == ImageFormat::kBmp) return {.palette = palette_of_bmp(file)};
    if (format == ImageFormat::kGif) return {.palette = palette_of_gif(file)};
    if (format == ImageFormat::kPnm) return {.palette = palette_of_pnm(file)};
    if (format == ImageFormat::kTiff) return {.palette = palette_of_tiff(file)};
  } catch (const Error&) {
    return {};
  }
  return {};
}

std::optional<std::array<std::uint16_t, 3>> decoded_level(const StoredLevels& stored, int image_depth, int level) {
  if (!stored.palette.empty()) {
    if (level < 0 || static_cast<std::size_t>(level) >= stored.palette.size()) return std::nullopt;
    const auto& entry = stored.palette[static_cast<std::size_t>(level)];
    return std::array<std::uint16_t, 3>{entry[0], entry[1], entry[2]};
  }
  const int depth = image_depth == 16 ? 16 : stored.bit_depth;
  const int most = (1 << depth) - 1;
  if (level < 0 || level > most) return std::nullopt;
  const auto value = static_cast<std::uint16_t>(depth < 8 ? level * (255 / most) : level);
  return std::array<std::uint16_t, 3>{value, value, value};
}

std::optional<int> level_of(const StoredLevels& stored, std::array<std::uint16_t, 3> color) {
  if (!stored.palette.empty()) {
    const std::array<std::uint8_t, 3> entry{static_cast<std::uint8_t>(color[0]), static_cast<std::uint8_t>(color[1]),
                                            static_cast<std::uint8_t>(color[2])};
    const auto found = std::find(stored.palette.begin(), stored.palette.end(), entry);
    if (found == stored.palette.end()) return std::nullopt;
    return static_cast<int>(found - stored.palette.begin());
  }
  if (color[0] != color[1] || color[1] != color[2]) return std::nullopt;
  return stored.bit_depth < 8 ? color[0] / (255 / ((1 << stored.bit_depth) - 1)) : color[0];
}

}  // namespace zimage::codecs

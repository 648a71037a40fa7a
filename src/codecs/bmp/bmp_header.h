// The layout of a BMP: the places of the fields in its headers, from the start of the file (Windows' BITMAPFILEHEADER,
// BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER, each the former with more behind it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zimage::codecs::bmp {

inline constexpr std::size_t kFileHeader = 14;
inline constexpr std::size_t kCoreHeader = 12;  // OS/2's, with 16-bit sizes
inline constexpr std::size_t kInfoHeader = 40;  // Windows 3
inline constexpr std::size_t kV4Header = 108;
inline constexpr std::size_t kV5Header = 124;

inline constexpr std::size_t kFileSizeAt = 2, kPixelsAt = 10, kHeaderSizeAt = 14, kWidthAt = 18, kHeightAt = 22;
inline constexpr std::size_t kPlanesAt = 26, kBitsAt = 28, kCompressionAt = 30, kPixelBytesAt = 34, kDotsAt = 38;
inline constexpr std::size_t kColorsUsedAt = 46, kMasksAt = 54, kColorSpaceAt = 70, kEndPointsAt = 74, kGammasAt = 110;
inline constexpr std::size_t kIntentAt = 122, kProfileAt = 126, kProfileSizeAt = 130;

inline constexpr std::uint32_t kMagic = 0x4d42;  // "BM"
/// BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_ALPHABITFIELDS.
inline constexpr std::uint32_t kUncompressed = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6;
/// LCS_CALIBRATED_RGB, LCS_sRGB, PROFILE_EMBEDDED, PROFILE_LINKED, LCS_GM_IMAGES.
inline constexpr std::uint32_t kCalibrated = 0, kSrgb = 0x73524742, kEmbedded = 0x4d424544, kLinked = 0x4c494e4b,
                               kForImages = 4;

/// Puts a number into `count` bytes at `at`, the low one first.
inline void put(std::vector<std::uint8_t>& out, std::size_t at, std::size_t count, std::uint64_t value) {
  for (std::size_t i = 0; i < count; ++i) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace zimage::codecs::bmp

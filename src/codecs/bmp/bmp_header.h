// How a BMP is laid out: where things lie in its headers, from the start of the file (Windows' BITMAPFILEHEADER,
// BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER, each the former with more behind it).
#pragma once

#include <cstddef>
#include <cstdint>

namespace zimage::codecs::bmp {

inline constexpr std::size_t kFileHeader = 14;
inline constexpr std::size_t kCoreHeader = 12;  // OS/2's, with 16-bit sizes
inline constexpr std::size_t kInfoHeader = 40;  // Windows 3
inline constexpr std::size_t kV4Header = 108;
inline constexpr std::size_t kV5Header = 124;

inline constexpr std::size_t kFileSizeAt = 2, kPixelsAt = 10, kHeaderSizeAt = 14, kWidthAt = 18, kHeightAt = 22;
inline constexpr std::size_t kPlanesAt = 26, kBitsAt = 28, kCompressionAt = 30, kPixelBytesAt = 34;
inline constexpr std::size_t kColorsUsedAt = 46, kMasksAt = 54, kColorSpaceAt = 70;
inline constexpr std::size_t kIntentAt = 122, kProfileAt = 126, kProfileSizeAt = 130;

/// BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_ALPHABITFIELDS.
inline constexpr std::uint32_t kUncompressed = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6;
/// LCS_sRGB, PROFILE_EMBEDDED, LCS_GM_IMAGES.
inline constexpr std::uint32_t kSrgb = 0x73524742, kEmbedded = 0x4d424544, kForImages = 4;

/// Pixels of `kFrom` bytes, a BMP's or an Image's, as `kTo` of the other: BGR(A) and RGB(A).
template <std::size_t kFrom, std::size_t kTo>
void swap_colors(const std::uint8_t* in, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i, in += kFrom, out += kTo) {
    out[0] = in[2];
    out[1] = in[1];
    out[2] = in[0];
    if constexpr (kTo == 4) out[3] = in[3];
  }
}

}  // namespace zimage::codecs::bmp

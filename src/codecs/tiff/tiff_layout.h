// Describes the layout of samples in a TIFF's rows, and reads them into an Image.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "zimage/image.h"

namespace zimage::codecs {

enum class TiffColors { kWhiteIsZero, kBlackIsZero, kRgb, kPalette };

struct TiffLayout {
  int width = 0;
  int height = 0;
  TiffColors colors = TiffColors::kBlackIsZero;
  int bits = 8;                                       ///< bits per sample: 1, 2, 4, 8, 16
  int samples = 1;                                    ///< samples per pixel
  int alpha = -1;                                     ///< which sample is alpha; −1: none
  bool premultiplied = false;                         ///< colours are multiplied by alpha
  bool planes_apart = false;                          ///< each sample has rows of its own
  std::vector<std::array<std::uint16_t, 3>> palette;  ///< 8-bit RGB, 2^bits entries

  int color_samples() const { return colors == TiffColors::kRgb ? 3 : 1; }
  int color_channels() const { return colors == TiffColors::kRgb || colors == TiffColors::kPalette ? 3 : 1; }
  /// Returns whether a row's bytes are those of an Image with color_channels() and alpha.
  bool as_image() const {
    const bool grey_or_rgb = colors == TiffColors::kBlackIsZero || colors == TiffColors::kRgb;
    const bool all_wanted = samples == color_samples() || (samples == color_samples() + 1 && alpha == samples - 1);
    return grey_or_rgb && all_wanted && bits >= 8 && !planes_apart;
  }
  int bit_depth() const { return bits == 16 ? 16 : 8; }
  /// Returns the bytes that `count` pixels take in a row, of one plane if planes are apart.
  std::uint64_t row_bytes(std::uint64_t count) const;
};

/// Puts `count` pixels into row y of the image, from column x on. If planes are apart, `plane` is the sample, else it
/// is 0. 16-bit samples are in the machine's byte order.
void put_tiff_row(const TiffLayout& layout, const std::uint8_t* row, int plane, int x, int y, int count, Image& image);

/// Divides colours by alpha and rounds them; where alpha is 0, they become 0.
void unpremultiply(Image& image);

}  // namespace zimage::codecs

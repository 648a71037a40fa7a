// How a JPEG file is coded: what a new file takes over from it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "codecs/jpeg/jpeg_support.h"

namespace zimage::codecs {

/// One component (Y, Cb, …).
struct JpegPlane {
  int h = 1;  ///< sampling factors, 1…4
  int v = 1;
  int table = 0;  ///< number of its quantisation table in the file; planes with the same number have the same table
  std::array<std::uint16_t, DCTSIZE2> quantisation{};  ///< in libjpeg's (natural) order, never 0
};

struct JpegSettings {
  int width = 0;
  int height = 0;
  int planes = 3;                   ///< 1 or 3
  J_COLOR_SPACE space = JCS_YCbCr;  ///< JCS_GRAYSCALE, JCS_YCbCr or JCS_RGB
  std::array<JpegPlane, 3> plane;
  bool progressive = false;
  bool interleaved = true;  ///< false: a scan for each component
  bool optimized = true;    ///< Huffman tables made for the file (5 % smaller, but a pass more), not the standard's
  unsigned restart_interval = 0;  ///< in MCUs, 0: no restart markers
  int density_unit = 0;           ///< as in JFIF: 0 only an aspect ratio, 1 dots per inch, 2 per cm
  int density_x = 1;
  int density_y = 1;

  /// The largest sampling factors. A single component isn't subsampled, whatever its factors say.
  int max_h() const;
  int max_v() const;
  /// Pixels of a MCU, on a grid from the picture's top left; 8x8 for a single component.
  int mcu_width() const { return DCTSIZE * max_h(); }
  int mcu_height() const { return DCTSIZE * max_v(); }
  /// Pixels that a block of plane `p` covers.
  int block_width(int p) const { return mcu_width() / plane[static_cast<std::size_t>(p)].h; }
  int block_height(int p) const { return mcu_height() / plane[static_cast<std::size_t>(p)].v; }
};

/// Of all components; more than C_MAX_BLOCKS_IN_MCU can't stand in one scan.
int blocks_of_mcu(const JpegSettings& settings);

/// Of the file in `decoder`, after read_header(); reads the coefficients where the tables may stand between the scans.
/// Empty for a file that libjpeg can't write again: a table with a 0 or none, fractional sampling (2:3), other colour
/// spaces. Errors: kInput for damaged scans.
std::optional<JpegSettings> read_settings(JpegDecoder& decoder);

/// For a picture of `channels` (1 or 3) where the file of `settings` has as many components, else 4:4:4 with its first
/// table for all of them.
JpegSettings settings_for(const JpegSettings& settings, int channels);

/// After jpeg_create_compress(): everything but the quality and what the compressor is fed with. libjpeg's
/// errors jump.
void apply_settings(jpeg_compress_struct& info, const JpegSettings& settings);

/// The resolution of the file in `decoder`, after read_header(), if it has one.
void copy_density(const JpegDecoder& decoder, JpegSettings& settings);

/// For encoding: no coefficient of 8-bit samples is above 2048, so that larger divisors make a 0 as well as 8191 does,
/// from which on libjpeg-turbo's reciprocals overflow.
void limit_divisors(JpegPlane& plane);

}  // namespace zimage::codecs

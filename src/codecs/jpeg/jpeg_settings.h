// Describes how a JPEG file is coded, so that a new file can be coded the same way.
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
  int table = 0;  ///< number of its quantisation table in the file; planes with the same number share a table
  std::array<std::uint16_t, DCTSIZE2> quantisation{};  ///< in libjpeg's (natural) order, never 0
};

struct JpegSettings {
  int width = 0;
  int height = 0;
  int planes = 3;                   ///< 1 or 3
  J_COLOR_SPACE space = JCS_YCbCr;  ///< JCS_GRAYSCALE, JCS_YCbCr or JCS_RGB
  std::array<JpegPlane, 3> plane;
  bool progressive = false;
  bool interleaved = true;        ///< false: one scan for each component
  bool optimized = true;          ///< Huffman tables are made for the file (5 % smaller, one more pass), not standard
  unsigned restart_interval = 0;  ///< in MCUs, 0: no restart markers
  int density_unit = 0;           ///< as in JFIF: 0 only an aspect ratio, 1 dots per inch, 2 dots per cm
  int density_x = 1;
  int density_y = 1;

  /// Returns the largest sampling factor. A single component isn't subsampled, whatever its factors say.
  int max_h() const;
  int max_v() const;
  /// Returns a side of an MCU in pixels, on a grid from the picture's top left; 8x8 for a single component.
  int mcu_width() const { return DCTSIZE * max_h(); }
  int mcu_height() const { return DCTSIZE * max_v(); }
  /// Returns a side, in pixels, of what a block of plane `p` covers.
  int block_width(int p) const { return mcu_width() / plane[static_cast<std::size_t>(p)].h; }
  int block_height(int p) const { return mcu_height() / plane[static_cast<std::size_t>(p)].v; }
};

/// Returns the blocks of all components in an MCU; more than C_MAX_BLOCKS_IN_MCU can't be in one scan.
int blocks_of_mcu(const JpegSettings& settings);

/// Reads the settings of the file in `decoder`, after read_header(), and its coefficients if tables may lie between the
/// scans. Empty for a file that libjpeg can't write again: a table is missing or has a 0, sampling is fractional (2:3),
/// or the colour space isn't grey, YCbCr or RGB. Errors: kInput for damaged scans.
std::optional<JpegSettings> read_settings(JpegDecoder& decoder);

/// Returns the settings for a picture of `channels` (1 or 3): `settings` if it has as many components, else 4:4:4 with
/// its first table for all components.
JpegSettings settings_for(const JpegSettings& settings, int channels);

/// Applies the settings after jpeg_create_compress(): everything but the quality and the pixels. libjpeg's errors jump.
void apply_settings(jpeg_compress_struct& info, const JpegSettings& settings);

/// Copies the resolution of the file in `decoder`, after read_header(), if it has one.
void copy_density(const JpegDecoder& decoder, JpegSettings& settings);
/// Sets the resolution, if there is one that a JFIF header can hold.
void set_density(const std::optional<Resolution>& resolution, JpegSettings& settings);

/// Limits a table's divisors to 8191 for encoding: above that, libjpeg-turbo's reciprocals overflow. 8-bit samples have
/// no coefficient above 2048, so that larger divisors give 0 just as 8191 does.
void limit_divisors(JpegPlane& plane);

}  // namespace zimage::codecs

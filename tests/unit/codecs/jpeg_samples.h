// JPEG files of kinds our encoder writes only after a source, and a look at their coefficients, by libjpeg itself.
#pragma once

#include <cstdio>
// jpeglib.h wants <cstdio> before it.
#include <jpeglib.h>

#include <array>
#include <string>
#include <vector>

#include "support/files.h"

namespace zimage::test {

struct JpegRecipe {
  std::string name;
  std::vector<std::array<int, 2>> sampling = {{1, 1}, {1, 1}, {1, 1}};  ///< horizontal, vertical of each component
  int quality = 80;
  bool progressive = false;
  int progressive_scans = 0;  ///< not 0: only so many of them
  bool interleaved = true;
  unsigned restart_interval = 0;
  bool rgb = false;  ///< not YCbCr
  bool arithmetic = false;
  bool wide_table = false;  ///< a 16-bit table for the first component
  int dots_per_cm = 0;
};

/// Of an RGB or grey picture (`sampling` has as many entries as it has channels).
Bytes jpeg(const Image& image, const JpegRecipe& recipe);

struct JpegPlaneBlocks {
  int width = 0;  ///< blocks
  int height = 0;
  int h = 1;
  int v = 1;
  std::array<UINT16, DCTSIZE2> quantisation{};
  std::vector<std::array<JCOEF, DCTSIZE2>> blocks;  ///< row-major
};

struct JpegContent {
  int max_h = 1;
  int max_v = 1;
  J_COLOR_SPACE space = JCS_UNKNOWN;
  bool progressive = false;
  unsigned restart_interval = 0;
  int density_unit = 0;
  int density = 0;
  int components_of_first_scan = 0;
  std::vector<JpegPlaneBlocks> planes;
};
JpegContent content_of(const Bytes& file);

/// The recipes that every test of the coefficients goes through.
std::vector<JpegRecipe> jpeg_recipes();

/// A smooth picture with some detail in every block, so that few coefficients are 0.
Image textured_image(int width, int height, int channels, unsigned seed);

}  // namespace zimage::test

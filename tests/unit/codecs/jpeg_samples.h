// Makes JPEG files of kinds that our encoder only writes after a source, and reads their coefficients with libjpeg.
#pragma once

#include <cstdio>
// jpeglib.h needs <cstdio> before it.
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
  int progressive_scans = 0;  ///< if not 0, only so many scans
  bool interleaved = true;
  unsigned restart_interval = 0;
  bool rgb = false;  ///< not YCbCr
  bool arithmetic = false;
  bool wide_table = false;  ///< a 16-bit table for the first component
  int dots_per_cm = 0;
};

/// Encodes an RGB or grey picture (`sampling` has as many entries as it has channels).
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

/// Returns the recipes that every test of the coefficients uses.
std::vector<JpegRecipe> jpeg_recipes();

/// Returns a smooth picture with some detail in every block, so that few coefficients are 0.
Image textured_image(int width, int height, int channels, unsigned seed);

}  // namespace zimage::test

// Makes TIFF files: plain ones byte by byte, others with libtiff.
#pragma once

#include "support/files.h"
#include "zimage/image.h"

namespace zimage::test {

/// Returns an uncompressed TIFF with one strip, its directory before the pixels (so that the file's last byte is a
/// sample) and alpha that isn't premultiplied.
Bytes plain_tiff(const Image& image, bool big_endian);

struct TiffKind {
  int bits = 8;
  bool white_is_zero = false;
  bool palette = false;        ///< grey values are indices: index i is (i, 255 − i, 7 i mod 256)
  bool premultiplied = false;  ///< whether the file declares its alpha premultiplied
  bool planar = false;
  int tile = 0;  ///< a tile's side; 0 for strips
  int rows_per_strip = 3;
  int compression = 1;   ///< libtiff's COMPRESSION_…
  int photometric = -1;  ///< overrides the usual one unless -1
  int sample_format = 1;
  int orientation = 1;
  int pages = 1;
  bool big_endian = false;
  bool big_tiff = false;
  Bytes icc{};
  std::string xmp{};
};

/// Stores the image's samples, which must fit into `bits`, unchanged.
Bytes tiff_of(const Image& image, const TiffKind& kind);

}  // namespace zimage::test

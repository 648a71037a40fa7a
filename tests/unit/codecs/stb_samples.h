// Makes small GIF, PNM, PSD and TGA files byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/files.h"

namespace zimage::test {

Bytes pnm(const std::string& header, const Bytes& samples);

struct TgaParts {
  unsigned type = 2;
  unsigned width = 2;
  unsigned height = 2;
  unsigned bits = 24;
  unsigned flags = 0x20;    ///< rows from the top
  Bytes palette{};          ///< entries of `entry_bits`
  unsigned entry_bits = 0;  ///< 0: there is no palette
  unsigned first_entry = 0;
  Bytes pixels{};
};
Bytes tga(const TgaParts& parts);

struct GifFrame {
  unsigned x = 0, y = 0, width = 2, height = 2;
  Bytes indices{};
  int transparent = -1;
  unsigned flags = 0;  ///< 0x40: interlaced
};
/// Makes a GIF with a palette of four colours: {10, 20, 30}, {40, 50, 60}, {70, 80, 90} and {1, 2, 3}, which is the
/// background.
Bytes gif(unsigned width, unsigned height, const std::vector<GifFrame>& frames);

struct PsdParts {
  unsigned version = 1;
  unsigned mode = 3;
  unsigned depth = 8;
  unsigned compression = 0;
  std::uint32_t width = 2;
  std::uint32_t height = 1;
  std::vector<Bytes> planes{};                          ///< rows one after the other; packed ones become literal runs
  std::vector<std::pair<unsigned, Bytes>> resources{};  ///< with their numbers
  Bytes layers{};                                       ///< the section of layers
};
Bytes psd(const PsdParts& parts);

}  // namespace zimage::test

#include "io/orientation.h"

#include <algorithm>
#include <string_view>

namespace zimage::io {
namespace {

void reverse_row(std::uint16_t* row, int width, int channels) {
  for (int a = 0, b = width - 1; a < b; ++a, --b) {
    std::swap_ranges(row + a * channels, row + (a + 1) * channels, row + b * channels);
  }
}

void mirror(Image& image) {
  for (int y = 0; y < image.height; ++y) reverse_row(&image.samples[image.index(0, y)], image.width, image.channels);
}

void flip(Image& image) {
  const auto row = static_cast<std::ptrdiff_t>(image.index(0, 1));
  for (int a = 0, b = image.height - 1; a < b; ++a, --b) {
    const auto from = image.samples.begin() + a * row;
    std::swap_ranges(from, from + row, image.samples.begin() + b * row);
  }
}

/// Columns become rows, in blocks that stay in the cache.
template <int kChannels>
void transpose(const Image& in, Image& out) {
  constexpr int kBlock = 32;
  for (int block_y = 0; block_y < in.height; block_y += kBlock) {
    for (int block_x = 0; block_x < in.width; block_x += kBlock) {
      const int end_x = std::min(block_x + kBlock, in.width);
      const int end_y = std::min(block_y + kBlock, in.height);
      for (int x = block_x; x < end_x; ++x) {
        std::uint16_t* to = &out.samples[out.index(block_y, x)];
        for (int y = block_y; y < end_y; ++y) {
          const std::uint16_t* from = &in.samples[in.index(x, y)];
          for (int c = 0; c < kChannels; ++c) *to++ = from[c];
        }
      }
    }
  }
}

Image transposed(Image in) {
  Image out(in.height, in.width, in.channels, in.bit_depth);
  switch (in.channels) {
    case 1: transpose<1>(in, out); break;
    case 2: transpose<2>(in, out); break;
    case 3: transpose<3>(in, out); break;
    default: transpose<4>(in, out); break;
  }
  return out;
}

}  // namespace

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8 || image.empty()) return image;
  if (orientation >= 5) image = transposed(std::move(image));
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) mirror(image);
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) flip(image);
  return image;
}

std::string upright_xmp(std::string xmp) {
  // As an attribute, and as an element.
  for (const std::string_view start : {"tiff:Orientation=\"", "tiff:Orientation='", "<tiff:Orientation>"}) {
    const std::size_t at = xmp.find(start);
    if (at == std::string::npos) continue;
    const std::size_t digit = at + start.size();
    const bool single = digit + 1 < xmp.size() && (xmp[digit + 1] == start.back() || xmp[digit + 1] == '<');
    if (single && xmp[digit] >= '2' && xmp[digit] <= '8') xmp[digit] = '1';
  }
  return xmp;
}

}  // namespace zimage::io

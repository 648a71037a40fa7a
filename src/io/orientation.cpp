#include "io/orientation.h"

#include <algorithm>
#include <string_view>

namespace zimage::io {
namespace {

template <class Sample>
void reverse_row(Sample* row, int width, int channels) {
  for (int a = 0, b = width - 1; a < b; ++a, --b) {
    std::swap_ranges(row + a * channels, row + (a + 1) * channels, row + b * channels);
  }
}

void mirror(Image& image) {
  image.samples.visit([&](auto* samples) {
    for (int y = 0; y < image.height; ++y) reverse_row(samples + image.index(0, y), image.width, image.channels);
  });
}

void flip(Image& image) {
  const std::size_t row = image.index(0, 1) * image.samples.sample_bytes();
  for (int a = 0, b = image.height - 1; a < b; ++a, --b) {
    std::uint8_t* from = image.samples.address(image.index(0, a));
    std::swap_ranges(from, from + row, image.samples.address(image.index(0, b)));
  }
}

/// Columns become rows, in blocks that stay in the cache.
template <int kChannels, class Sample>
void transpose(const Image& in, const Sample* from_samples, const Image& out, Sample* to_samples) {
  constexpr int kBlock = 32;
  for (int block_y = 0; block_y < in.height; block_y += kBlock) {
    for (int block_x = 0; block_x < in.width; block_x += kBlock) {
      const int end_x = std::min(block_x + kBlock, in.width);
      const int end_y = std::min(block_y + kBlock, in.height);
      for (int x = block_x; x < end_x; ++x) {
        Sample* to = to_samples + out.index(block_y, x);
        for (int y = block_y; y < end_y; ++y) {
          const Sample* from = from_samples + in.index(x, y);
          for (int c = 0; c < kChannels; ++c) *to++ = from[c];
        }
      }
    }
  }
}

template <class Sample>
void transpose(const Image& in, const Sample* from, const Image& out, Sample* to) {
  switch (in.channels) {
    case 1: return transpose<1>(in, from, out, to);
    case 2: return transpose<2>(in, from, out, to);
    case 3: return transpose<3>(in, from, out, to);
    default: return transpose<4>(in, from, out, to);
  }
}

Image transposed(const Image& in) {
  Image out(in.height, in.width, in.channels, in.bit_depth);
  if (in.bit_depth == 16) {
    transpose(in, in.samples.words(), out, out.samples.words());
  } else {
    transpose(in, in.samples.bytes(), out, out.samples.bytes());
  }
  return out;
}

}  // namespace

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8 || image.empty()) return image;
  if (orientation >= 5) image = transposed(image);
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

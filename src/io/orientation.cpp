#include "io/orientation.h"

#include <ATen/Parallel.h>

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

/// Columns become rows, in blocks that stay in the cache, on all threads; what comes out is mirrored and flipped on the
/// way.
template <int kChannels, class Sample>
void transpose(const Image& in, const Sample* from, bool mirrored, bool flipped, const Image& out, Sample* to) {
  // Of what comes out: wide enough across that the source's cache lines are used, and few enough of those.
  constexpr int kRows = 64;
  constexpr int kColumns = 16;
  const auto down = static_cast<std::ptrdiff_t>(in.index(0, 1));
  const std::ptrdiff_t step = mirrored ? -down : down;
  at::parallel_for(0, (out.height + kRows - 1) / kRows, 1, [&](std::int64_t begin, std::int64_t end) {
    const int top = static_cast<int>(begin) * kRows;
    const int bottom = std::min(static_cast<int>(end) * kRows, out.height);
    for (int band = top; band < bottom; band += kRows) {
      for (int left = 0; left < out.width; left += kColumns) {
        const int count = std::min(kColumns, out.width - left);
        const int row = mirrored ? out.width - 1 - left : left;
        for (int y = band; y < std::min(band + kRows, bottom); ++y) {
          const Sample* source = from + in.index(flipped ? out.height - 1 - y : y, row);
          Sample* pixel = to + out.index(left, y);
          for (int x = 0; x < count; ++x, source += step) {
            for (int c = 0; c < kChannels; ++c) *pixel++ = source[c];
          }
        }
      }
    }
  });
}

Image transposed(const Image& in, bool mirrored, bool flipped) {
  Image out(in.height, in.width, in.channels, in.bit_depth);
  out.samples.visit([&]<class Sample>(Sample* to) {
    const auto* from = reinterpret_cast<const Sample*>(in.samples.address(0));
    switch (in.channels) {
      case 1: return transpose<1>(in, from, mirrored, flipped, out, to);
      case 2: return transpose<2>(in, from, mirrored, flipped, out, to);
      case 3: return transpose<3>(in, from, mirrored, flipped, out, to);
      default: return transpose<4>(in, from, mirrored, flipped, out, to);
    }
  });
  return out;
}

}  // namespace

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8 || image.empty()) return image;
  const bool mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool flipped = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  if (orientation >= 5) return transposed(image, mirrored, flipped);
  if (mirrored) mirror(image);
  if (flipped) flip(image);
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

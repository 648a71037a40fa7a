#include "image/orientation.h"

#include "base/parallel.h"

#include <algorithm>
#include <cstring>

namespace zimage {
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

/// Rows y, y + 1, … of a stored picture of `width` become columns of `out`, which is mirrored and flipped on the way.
template <int kChannels, class Sample>
void transpose(const Sample* rows, int width, int y, int count, int orientation, const Image& out, Sample* to) {
  constexpr std::size_t kPixel = kChannels * sizeof(Sample);
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(width) * kChannels;
  const bool mirrored = mirrors(orientation);
  const Sample* first = mirrored ? rows + (count - 1) * row : rows;
  const std::ptrdiff_t step = mirrored ? -row : row;
  const int left = mirrored ? out.width - y - count : y;
  for (int x = 0; x < width; ++x) {
    const Sample* from = first + static_cast<std::ptrdiff_t>(x) * kChannels;
    Sample* pixel = to + out.index(left, flips(orientation) ? width - 1 - x : x);
    for (int i = 0; i < count; ++i, from += step, pixel += kChannels) std::memcpy(pixel, from, kPixel);
  }
}

template <class Sample>
void transpose(const Sample* rows, int width, int y, int count, int orientation, const Image& out, Sample* to) {
  switch (out.channels) {
    case 1: return transpose<1>(rows, width, y, count, orientation, out, to);
    case 2: return transpose<2>(rows, width, y, count, orientation, out, to);
    case 3: return transpose<3>(rows, width, y, count, orientation, out, to);
    default: return transpose<4>(rows, width, y, count, orientation, out, to);
  }
}

Image transposed(const Image& in, int orientation) {
  Image out(in.height, in.width, in.channels, in.bit_depth);
  out.samples.visit([&]<class Sample>(Sample* to) {
    parallel_for(0, (in.height + kTurnedRows - 1) / kTurnedRows, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<int>(begin); i < end; ++i) {
        const int y = i * kTurnedRows;
        const auto* rows = reinterpret_cast<const Sample*>(in.samples.address(in.index(0, y)));
        transpose(rows, in.width, y, std::min(kTurnedRows, in.height - y), orientation, out, to);
      }
    });
  });
  return out;
}

}  // namespace

void put_turned(const std::uint8_t* rows, int width, int y, int count, int orientation, Image& out) {
  const std::size_t stride = static_cast<std::size_t>(width) * static_cast<std::size_t>(out.channels);
  for (int i = 0; i < count; i += kTurnedRows, rows += stride * kTurnedRows) {
    transpose(rows, width, y + i, std::min(kTurnedRows, count - i), orientation, out, out.samples.bytes());
  }
}

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8 || image.empty()) return image;
  if (turns_sides(orientation)) return transposed(image, orientation);
  if (mirrors(orientation)) mirror(image);
  if (flips(orientation)) flip(image);
  return image;
}

}  // namespace zimage

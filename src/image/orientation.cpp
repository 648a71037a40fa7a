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

/// Writes `count` rows of a stored picture, from y on, as columns of `out`, mirrored and flipped on the way.
template <int kChannels, class Sample>
void transpose(const Image& in, const Sample* from, int y, int count, int orientation, const Image& out, Sample* to) {
  for (int x = 0; x < in.width; ++x) {
    const int row = flips(orientation) ? in.width - 1 - x : x;
    for (int i = y; i < y + count; ++i) {
      const int column = mirrors(orientation) ? out.width - 1 - i : i;
      std::memcpy(to + out.index(column, row), from + in.index(x, i), kChannels * sizeof(Sample));
    }
  }
}

template <class Sample>
void transpose(const Image& in, const Sample* from, int y, int count, int orientation, const Image& out, Sample* to) {
  switch (in.channels) {
    case 1: return transpose<1>(in, from, y, count, orientation, out, to);
    case 2: return transpose<2>(in, from, y, count, orientation, out, to);
    case 3: return transpose<3>(in, from, y, count, orientation, out, to);
    default: return transpose<4>(in, from, y, count, orientation, out, to);
  }
}

Image transposed(const Image& in, int orientation) {
  // The number of rows that a processor can read side by side.
  constexpr int kRows = 32;
  Image out(in.height, in.width, in.channels, in.bit_depth);
  out.samples.visit([&]<class Sample>(Sample* to) {
    const auto* from = reinterpret_cast<const Sample*>(in.samples.address(0));
    parallel_for(0, (in.height + kRows - 1) / kRows, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<int>(begin); i < end; ++i) {
        transpose(in, from, i * kRows, std::min(kRows, in.height - i * kRows), orientation, out, to);
      }
    });
  });
  return out;
}

}  // namespace

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8 || image.empty()) return image;
  if (turns_sides(orientation)) return transposed(image, orientation);
  if (mirrors(orientation)) mirror(image);
  if (flips(orientation)) flip(image);
  return image;
}

}  // namespace zimage

#include "image/display.h"

#include <cstdint>

#include "base/parallel.h"

namespace zimage {
namespace {

/// The fewest pixels that are worth a thread.
constexpr std::int64_t kPixelsEach = 1 << 16;

/// Returns the grey of the checkerboard at a pixel.
int checkerboard(int x, int y) {
  constexpr int kSquare = 8;
  return ((x / kSquare + y / kSquare) & 1) != 0 ? 153 : 204;
}

/// Rounds a 16-bit level to 8 bits.
template <class Sample>
std::uint8_t to_byte(Sample value) {
  if constexpr (sizeof(Sample) == 1) return value;
  return static_cast<std::uint8_t>((static_cast<unsigned>(value) + 128) / 257);
}

}  // namespace

Image to_8_bit_color(const Image& image) {
  Image out(image.width, image.height, image.has_alpha() ? 4 : 3);
  const bool color = image.color_channels() == 3;
  const auto from_step = static_cast<std::size_t>(image.channels);
  const auto to_step = static_cast<std::size_t>(out.channels);
  image.samples.visit([&](const auto* samples) {
    parallel_for(0, std::int64_t{image.width} * image.height, kPixelsEach, [&](std::int64_t begin, std::int64_t end) {
      const auto* from = samples + static_cast<std::size_t>(begin) * from_step;
      std::uint8_t* to = out.samples.bytes() + static_cast<std::size_t>(begin) * to_step;
      for (std::int64_t i = begin; i < end; ++i, from += from_step, to += to_step) {
        for (std::size_t c = 0; c < 3; ++c) to[c] = to_byte(from[color ? c : 0]);
        if (to_step == 4) to[3] = to_byte(from[from_step - 1]);
      }
    });
  });
  return out;
}

Image without_alpha(Image image) {
  if (image.channels != 4) return image;
  Image out(image.width, image.height, 3);
  const std::uint8_t* from = image.samples.bytes();
  std::uint8_t* to = out.samples.bytes();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, from += 4, to += 3) {
      const int alpha = from[3];
      const int behind = checkerboard(x, y) * (255 - alpha);
      for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>((from[c] * alpha + behind + 127) / 255);
    }
  }
  return out;
}

}  // namespace zimage

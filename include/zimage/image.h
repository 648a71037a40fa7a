// A picture and a mask in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zimage {

/// Pixels, row-major and interleaved: `samples[(y * width + x) * channels + c]`.
/// A sample is 0…255 (bit_depth 8) or 0…65535 (bit_depth 16).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;   ///< 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha (alpha not premultiplied)
  int bit_depth = 8;  ///< 8 or 16
  std::vector<std::uint16_t> samples;

  Image() = default;
  Image(int width_, int height_, int channels_, int bit_depth_ = 8)
      : width(width_),
        height(height_),
        channels(channels_),
        bit_depth(bit_depth_),
        samples(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) *
                static_cast<std::size_t>(channels_)) {}

  bool empty() const { return samples.empty(); }
  bool has_alpha() const { return channels == 2 || channels == 4; }
  int color_channels() const { return channels >= 3 ? 3 : 1; }
  std::uint16_t max_value() const { return bit_depth == 16 ? 65535 : 255; }
  std::size_t index(int x, int y, int c = 0) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels) +
           static_cast<std::size_t>(c);
  }
};

/// A mask at the picture's size, row-major: 1 = repaint, 0 = keep.
struct Mask {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> repaint;
  /// A soft mask says how much: 255 repaints freely, less holds the pixel down to the noise level level/255. Empty for
  /// a hard mask, else of the same size and above 0 exactly where `repaint` is 1.
  std::vector<std::uint8_t> level{};

  Mask() = default;
  Mask(int width_, int height_)
      : width(width_), height(height_), repaint(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {}

  bool soft() const { return !level.empty(); }
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
  }
  /// Number of pixels to repaint.
  std::size_t count() const;
};

}  // namespace zimage

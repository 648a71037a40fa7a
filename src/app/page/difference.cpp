#include "app/page/difference.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "base/text.h"
#include "image/display.h"
#include "image/metrics/picture_metrics.h"
#include "image/overlay.h"
#include "image/scale.h"

namespace zimage::app {
namespace {

std::string print(const char* format, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

/// Returns a pixel's samples: "12 34 56".
std::string samples_of(const Image& image, int x, int y) {
  std::string text;
  for (int c = 0; c < image.channels; ++c) {
    text += concat({c == 0 ? "" : " ", std::to_string(image.samples[image.index(x, y, c)])});
  }
  return text;
}

/// Draws a square of lines around a pixel, as far as it lies in the picture.
Image with_frame(const Image& grey, int x, int y) {
  Image out = to_8_bit_color(grey);
  const int radius = std::max(3, std::max(grey.width, grey.height) / 40);
  const int line = std::max(1, radius / 8);
  for (int dy = -radius; dy <= radius; ++dy) {
    for (int dx = -radius; dx <= radius; ++dx) {
      if (std::max(std::abs(dx), std::abs(dy)) <= radius - line) continue;
      if (x + dx < 0 || x + dx >= out.width || y + dy < 0 || y + dy >= out.height) continue;
      std::copy_n(kMarkColor.begin(), 3, out.samples.bytes() + out.index(x + dx, y + dy));
    }
  }
  return out;
}

int scaled(std::size_t at, int side, int shrunk) {
  return static_cast<int>(static_cast<std::int64_t>(at) * shrunk / side);
}

}  // namespace

PageDifference page_difference(const Image& a, const Image& b, int side, bool mark) {
  const DifferencePicture full = difference_picture(a, b);
  const std::uint8_t* values = full.image.samples.bytes();
  const auto count = full.image.samples.size();
  const auto worst = static_cast<std::size_t>(std::max_element(values, values + count) - values);
  PageDifference out;
  const FittedSize size = fit_into(a.width, a.height, side, side);
  out.small = shrink_to_brightest(full.image, size.width, size.height);
  if (values[worst] == 0) {
    out.caption = "no sample differs";
    return out;
  }
  out.caption = concat({"× ", print("%.3g", full.amplification), ": white is ",
                        print("%.4g", 255.0 / full.amplification), " of 255 levels"});
  const auto width = static_cast<std::size_t>(a.width);
  const std::size_t x = worst % width;
  const std::size_t y = worst / width;
  const int column = static_cast<int>(x);
  const int row = static_cast<int>(y);
  out.worst = concat({"The worst pixel is at ", std::to_string(x), ", ", std::to_string(y), ": ",
                      samples_of(b, column, row), " instead of ", samples_of(a, column, row), "."});
  if (mark) out.small = with_frame(out.small, scaled(x, a.width, size.width), scaled(y, a.height, size.height));
  return out;
}

}  // namespace zimage::app

#include "conditioning/difference.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace zimage {
namespace {

int level(const Image& image, int x, int y, int c, bool to_8_bits) {
  const int value = image.samples[image.index(x, y, c)];
  return to_8_bits && image.bit_depth == 16 ? (value * 255 + 32767) / 65535 : value;
}

/// Colour channel c (0…2) of grey or RGB.
int color(const Image& image, int x, int y, int c, bool to_8_bits) {
  return level(image, x, y, image.color_channels() == 1 ? 0 : c, to_8_bits);
}

class Comparison {
 public:
  Comparison(const Image& before, const Image& after, int top, const Mask& mask)
      : before_(before),
        after_(after),
        top_(top),
        mask_(mask),
        same_kind_(before.channels == after.channels && before.bit_depth == after.bit_depth),
        to_8_bits_(before.bit_depth != after.bit_depth),
        alpha_(before.has_alpha() && after.has_alpha()) {}

  Difference run() {
    for (int y = top_; y < top_ + after_.height; ++y) {
      const auto [left, right] = differing_span(y);
      for (int x = left; x < right; ++x) pixel(x, y);
    }
    const auto kept = std::count(mask_.repaint.begin(), mask_.repaint.end(), std::uint8_t{0});
    const double samples_outside = static_cast<double>(kept) * (alpha_ ? 4 : 3);
    if (kept > 0) found_.mean_change_outside_mask = static_cast<double>(sum_outside_) / samples_outside;
    return found_;
  }

 private:
  /// All pixels that differ lie in it. Most rows of a large picture are the same, which is told a row at a time.
  std::pair<int, int> differing_span(int y) const {
    if (!same_kind_) return {0, before_.width};
    const std::size_t pixel = before_.index(1, 0);
    const std::uint16_t* a = before_.samples.data() + before_.index(0, y);
    const std::uint16_t* b = after_.samples.data() + after_.index(0, y - top_);
    const auto same = [&](int x, int count) {
      const std::size_t at = static_cast<std::size_t>(x) * pixel;
      return std::memcmp(a + at, b + at, static_cast<std::size_t>(count) * pixel * sizeof(std::uint16_t)) == 0;
    };
    if (same(0, before_.width)) return {0, 0};
    int left = 0;
    int right = before_.width;
    while (same(left, 1)) ++left;
    while (same(right - 1, 1)) --right;
    return {left, right};
  }

  void pixel(int x, int y) {
    int change = 0;
    int sum = 0;
    const auto add = [&](int a, int b) {
      change = std::max(change, std::abs(a - b));
      sum += std::abs(a - b);
    };
    for (int c = 0; c < 3; ++c) add(color(before_, x, y, c, to_8_bits_), color(after_, x, y - top_, c, to_8_bits_));
    if (alpha_) {
      add(level(before_, x, y, before_.channels - 1, to_8_bits_),
          level(after_, x, y - top_, after_.channels - 1, to_8_bits_));
    }
    if (change > 0) ++found_.changed_pixels;
    if (mask_.repaint[mask_.index(x, y)] != 0) return;
    found_.max_change_outside_mask = std::max(found_.max_change_outside_mask, change);
    sum_outside_ += static_cast<std::uint64_t>(sum);
  }

  const Image& before_;
  const Image& after_;
  int top_;  ///< the row of the picture that the other's first is compared with
  const Mask& mask_;
  bool same_kind_;
  bool to_8_bits_;
  bool alpha_;
  Difference found_;
  std::uint64_t sum_outside_ = 0;
};

}  // namespace

Difference compare(const Image& before, const Image& after, const Mask& mask) {
  return Comparison(before, after, 0, mask).run();
}

Difference compare_band(const Image& before, const Image& band, int top, const Mask& mask) {
  return Comparison(before, band, top, mask).run();
}

}  // namespace zimage

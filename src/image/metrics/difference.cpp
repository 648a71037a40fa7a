#include "image/metrics/difference.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/run_async.h"
#include "base/zeros.h"

namespace zimage {
namespace {

/// From this many samples on a second thread pays.
constexpr std::size_t kLarge = std::size_t{1} << 20;

/// Pixels that are compared at a time where many are the same.
constexpr int kManyPixels = 128;

using Sums = Comparison::Sums;

/// Of up to kManyPixels kept pixels of three 8-bit samples, without a branch for each.
void add_kept(const std::uint8_t* a, const std::uint8_t* b, int pixels, Sums& sums) {
  std::array<std::uint8_t, 3 * kManyPixels> apart;
  const std::size_t count = 3 * static_cast<std::size_t>(pixels);
  std::uint8_t largest = 0;
  unsigned sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    apart[i] = static_cast<std::uint8_t>(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
    largest = std::max(largest, apart[i]);
    sum += apart[i];
  }
  unsigned changed = 0;
  for (std::size_t i = 0; i < count; i += 3) changed += (apart[i] | apart[i + 1] | apart[i + 2]) != 0 ? 1 : 0;
  sums.changed_pixels += changed;
  sums.max_outside = std::max<int>(sums.max_outside, largest);
  sums.sum_outside += sum;
}

class PartComparison {
 public:
  PartComparison(const Image& before, const Image& after, int left, int top, const Mask& mask, const Box& but)
      : before_(before),
        after_(after),
        left_(left),
        top_(top),
        mask_(mask),
        but_(but),
        same_kind_(before.channels == after.channels && before.bit_depth == after.bit_depth),
        alpha_(before.has_alpha() && after.has_alpha()) {}

  Sums run() const {
    const int bottom = top_ + after_.height;
    if (after_.samples.size() < kLarge) return rows(top_, bottom);
    const int middle = top_ + after_.height / 2;
    std::future<Sums> upper = ahead([this, middle] { return rows(top_, middle); });
    Sums sums = rows(middle, bottom);
    sums.add(upper.get());
    return sums;
  }

 private:
  Sums rows(int begin, int end) const {
    Sums sums;
    before_.samples.visit([&](const auto* before) {
      after_.samples.visit([&](const auto* after) {
        for (int y = begin; y < end; ++y) {
          for (const auto& [from, to] : seen(y)) {
            const auto [left, right] = differing_span(y, from, to);
            if (left >= right) continue;
            if (kept_bytes(y, left, right)) {
              kept_span(y, left, right, sums);
            } else {
              span(before, after, y, left, right, sums);
            }
          }
        }
      });
    });
    return sums;
  }

  using Span = std::pair<int, int>;  ///< columns, counted in `after`

  /// Left and right of what isn't to be looked at.
  std::array<Span, 2> seen(int y) const {
    if (y < but_.y || y >= but_.y + but_.height) return {Span{0, after_.width}, Span{}};
    const int left = std::clamp(but_.x - left_, 0, after_.width);
    const int right = std::clamp(but_.x + but_.width - left_, left, after_.width);
    return {Span{0, left}, Span{right, after_.width}};
  }

  /// All pixels of a span that differ lie in it. Most rows of a large picture are the same, which is told a row at a
  /// time.
  Span differing_span(int y, int left, int right) const {
    if (!same_kind_) return {left, right};
    const std::size_t pixel = before_.index(1, 0) * before_.samples.sample_bytes();
    const std::uint8_t* a = before_.samples.address(before_.index(left_, y));
    const std::uint8_t* b = after_.samples.address(after_.index(0, y - top_));
    const auto same = [&](int x, int count) {
      const std::size_t from = static_cast<std::size_t>(x) * pixel;
      return std::memcmp(a + from, b + from, static_cast<std::size_t>(count) * pixel) == 0;
    };
    if (same(left, right - left)) return {};
    for (const int step : {kManyPixels, 1}) {
      while (left + step <= right && same(left, step)) left += step;
      while (right - step >= left && same(right - step, step)) right -= step;
    }
    return {left, right};
  }

  /// Whether a span has no pixel of the mask, and pixels of three 8-bit samples.
  bool kept_bytes(int y, int left, int right) const {
    if (!same_kind_ || before_.channels != 3 || before_.bit_depth != 8) return false;
    const std::uint8_t* repaint = mask_.repaint.data() + mask_.index(left_, y);
    return all_zero(repaint + left, repaint + right);
  }

  void kept_span(int y, int left, int right, Sums& sums) const {
    for (int x = left; x < right; x += kManyPixels) {
      add_kept(before_.samples.bytes() + before_.index(left_ + x, y),
               after_.samples.bytes() + after_.index(x, y - top_), std::min(kManyPixels, right - x), sums);
    }
  }

  /// Pixels left…right, counted in `after`, of row y. Where the depths differ both are compared in 8 bits.
  template <class Before, class After>
  void span(const Before* before, const After* after, int y, int left, int right, Sums& sums) const {
    constexpr bool kSameDepth = std::is_same_v<Before, After>;
    const auto level = [](auto value) {
      return !kSameDepth && sizeof value == 2 ? (int{value} * 255 + 32767) / 65535 : int{value};
    };
    const Before* a = before + before_.index(left_ + left, y);
    const After* b = after + after_.index(left, y - top_);
    const std::uint8_t* repaint = mask_.repaint.data() + mask_.index(left_, y);
    const std::ptrdiff_t step_a = before_.color_channels() == 1 ? 0 : 1;
    const std::ptrdiff_t step_b = after_.color_channels() == 1 ? 0 : 1;
    // Where most pixels are the same, so many are told by one look.
    const int many = same_kind_ ? static_cast<int>(sizeof(std::uint64_t) / sizeof(Before)) / before_.channels : 0;
    for (int x = left; x < right; ++x, a += before_.channels, b += after_.channels) {
      while (many > 0 && x + many < right && std::memcmp(a, b, sizeof(std::uint64_t)) == 0) {
        x += many;
        a += many * before_.channels;
        b += many * before_.channels;
      }
      bool same = true;
      for (int c = 0; c < 3; ++c) same = same && level(a[c * step_a]) == level(b[c * step_b]);
      if (alpha_) same = same && level(a[before_.channels - 1]) == level(b[after_.channels - 1]);
      if (same) continue;
      ++sums.changed_pixels;
      if (repaint[x] != 0) continue;
      int change = 0;
      int sum = 0;
      const auto add = [&](int difference) {
        change = std::max(change, std::abs(difference));
        sum += std::abs(difference);
      };
      for (int c = 0; c < 3; ++c) add(level(a[c * step_a]) - level(b[c * step_b]));
      if (alpha_) add(level(a[before_.channels - 1]) - level(b[after_.channels - 1]));
      sums.max_outside = std::max(sums.max_outside, change);
      sums.sum_outside += static_cast<std::uint64_t>(sum);
    }
  }

  const Image& before_;
  const Image& after_;
  int left_;  ///< where in the picture the other lies
  int top_;
  const Mask& mask_;
  const Box& but_;
  bool same_kind_;
  bool alpha_;
};

}  // namespace

void Comparison::Sums::add(const Sums& other) {
  changed_pixels += other.changed_pixels;
  max_outside = std::max(max_outside, other.max_outside);
  sum_outside += other.sum_outside;
}

void Comparison::add(const Image& part, int left, int top, const Box& but) {
  sums_.add(PartComparison(before_, part, left, top, mask_, but).run());
  alpha_ = before_.has_alpha() && part.has_alpha();
}

void Comparison::add(const Comparison& other) {
  sums_.add(other.sums_);
  alpha_ = alpha_ || other.alpha_;
}

Difference Comparison::result() const {
  Difference found;
  found.changed_pixels = sums_.changed_pixels;
  found.max_change_outside_mask = sums_.max_outside;
  if (sums_.sum_outside == 0) return found;
  const std::size_t kept = mask_.repaint.size() - mask_.count();
  const double samples_outside = static_cast<double>(kept) * (alpha_ ? 4 : 3);
  found.mean_change_outside_mask = static_cast<double>(sums_.sum_outside) / samples_outside;
  return found;
}

Difference compare(const Image& before, const Image& after, const Mask& mask) {
  Comparison comparison(before, mask);
  comparison.add(after, 0, 0);
  return comparison.result();
}

}  // namespace zimage

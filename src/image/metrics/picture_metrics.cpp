#include "image/metrics/picture_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "image/luminance.h"
#include "image/metrics/ssim.h"

namespace zimage {
namespace {

/// Which of two bit depths, and which samples, pictures are compared in.
enum class Detail {
  kFiner,   ///< the higher depth; one colour if both are grey; alpha if either has it
  kCoarser  ///< the lower depth; always three colours; alpha if both have it
};

/// The rows of two pictures in a common layout: the same channels and the same depth.
class Pair {
 public:
  Pair(const Image& a, const Image& b, Detail detail)
      : a_(a),
        b_(b),
        deep_(detail == Detail::kFiner ? a.bit_depth == 16 || b.bit_depth == 16
                                       : a.bit_depth == 16 && b.bit_depth == 16),
        colors_(detail == Detail::kFiner ? std::max(a.color_channels(), b.color_channels()) : 3),
        alpha_(detail == Detail::kFiner ? a.has_alpha() || b.has_alpha() : a.has_alpha() && b.has_alpha()) {}

  int width() const { return a_.width; }
  int height() const { return a_.height; }
  int channels() const { return colors_ + (alpha_ ? 1 : 0); }
  /// Returns how many steps of the common depth make one 8-bit level.
  double levels() const { return deep_ ? 257.0 : 1.0; }

  std::vector<int> row_a(int y) const { return row(a_, y); }
  std::vector<int> row_b(int y) const { return row(b_, y); }

  /// Writes the luma of row `y`, 0…255.
  void luma_a(int y, double* out) const { luma(a_, y, out); }
  void luma_b(int y, double* out) const { luma(b_, y, out); }

 private:
  std::vector<int> row(const Image& image, int y) const {
    const bool widened = deep_ && image.bit_depth == 8;
    const bool narrowed = !deep_ && image.bit_depth == 16;
    const auto level = [=](int value) {
      return widened ? value * 257 : narrowed ? (value * 255 + 32767) / 65535 : value;
    };
    const int opaque = deep_ ? 65535 : 255;
    std::vector<int> out(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(channels()));
    image.samples.visit([&](const auto* samples) {
      const auto* in = samples + image.index(0, y);
      int* place = out.data();
      for (int x = 0; x < image.width; ++x, in += image.channels) {
        for (int c = 0; c < colors_; ++c) *place++ = level(in[image.color_channels() == 1 ? 0 : c]);
        if (alpha_) *place++ = image.has_alpha() ? level(in[image.channels - 1]) : opaque;
      }
    });
    return out;
  }

  static void luma(const Image& image, int y, double* out) {
    const double scale = image.bit_depth == 16 ? 1.0 / 257.0 : 1.0;
    const bool color = image.color_channels() == 3;
    image.samples.visit([&](const auto* samples) {
      const auto* in = samples + image.index(0, y);
      for (int x = 0; x < image.width; ++x, in += image.channels) {
        out[x] = (color ? luminance<double>(in[0], in[1], in[2]) : in[0]) * scale;
      }
    });
  }

  const Image& a_;
  const Image& b_;
  bool deep_;
  int colors_;
  bool alpha_;
};

struct Sums {
  std::size_t pixels = 0;
  std::size_t differing = 0;
  int max = 0;
  std::uint64_t absolute = 0;
  std::uint64_t squared = 0;  // holds 2^28 pixels of four 16-bit samples
  double ssim = 0.0;

  void add(const Sums& other) {
    pixels += other.pixels;
    differing += other.differing;
    max = std::max(max, other.max);
    absolute += other.absolute;
    squared += other.squared;
    ssim += other.ssim;
  }
};

PictureMetrics metrics_of(const Sums& sums, const Pair& pair) {
  PictureMetrics metrics;
  metrics.pixels = sums.pixels;
  if (sums.pixels == 0) return metrics;
  const double samples = static_cast<double>(sums.pixels) * pair.channels();
  metrics.differing_pixels = sums.differing;
  metrics.max = sums.max / pair.levels();
  metrics.mean = static_cast<double>(sums.absolute) / samples / pair.levels();
  if (sums.squared > 0) {
    const double mse = static_cast<double>(sums.squared) / samples / (pair.levels() * pair.levels());
    metrics.psnr = 10.0 * std::log10(255.0 * 255.0 / mse);
  }
  metrics.ssim = sums.ssim / static_cast<double>(sums.pixels);
  return metrics;
}

/// Calls visit(index, largest difference, sum of differences, sum of their squares) for every pixel.
template <typename Visit>
void for_each_difference(const Pair& pair, Visit visit) {
  std::size_t place = 0;
  for (int y = 0; y < pair.height(); ++y) {
    const std::vector<int> a = pair.row_a(y);
    const std::vector<int> b = pair.row_b(y);
    std::size_t i = 0;
    for (int x = 0; x < pair.width(); ++x, ++place) {
      int largest = 0;
      int sum = 0;
      std::uint64_t squared = 0;
      for (int c = 0; c < pair.channels(); ++c, ++i) {
        const int d = std::abs(a[i] - b[i]);
        largest = std::max(largest, d);
        sum += d;
        squared += static_cast<std::uint64_t>(d) * static_cast<std::uint64_t>(d);
      }
      visit(place, largest, sum, squared);
    }
  }
}

struct MaskedSums {
  Sums inside;
  Sums outside;

  Sums whole() const {
    Sums sums = inside;
    sums.add(outside);
    return sums;
  }
};

/// Sums differences where the mask (null: none) is set, and where it isn't. `ssim` is left at 0.
MaskedSums sum_differences(const Pair& pair, const Mask* mask) {
  MaskedSums found;
  for_each_difference(pair, [&](std::size_t place, int largest, int sum, std::uint64_t squared) {
    Sums& sums = mask != nullptr && mask->repaint[place] != 0 ? found.inside : found.outside;
    ++sums.pixels;
    if (largest == 0) return;
    ++sums.differing;
    sums.max = std::max(sums.max, largest);
    sums.absolute += static_cast<std::uint64_t>(sum);
    sums.squared += squared;
  });
  return found;
}

}  // namespace

double PictureMetrics::differing_share() const {
  return pixels == 0 ? 0.0 : static_cast<double>(differing_pixels) / static_cast<double>(pixels);
}

PictureComparison measure_pictures(const Image& a, const Image& b, const Mask* mask) {
  const Pair pair(a, b, Detail::kFiner);
  MaskedSums sums = sum_differences(pair, mask);
  std::size_t place = 0;
  for_each_ssim_row(
      a.width, a.height, [&](int y, double* row) { pair.luma_a(y, row); },
      [&](int y, double* row) { pair.luma_b(y, row); },
      [&](int, const double* values) {
        for (int x = 0; x < a.width; ++x, ++place) {
          (mask != nullptr && mask->repaint[place] != 0 ? sums.inside : sums.outside).ssim += values[x];
        }
      });
  PictureComparison comparison;
  if (mask != nullptr) {
    if (sums.inside.pixels > 0) comparison.inside = metrics_of(sums.inside, pair);
    if (sums.outside.pixels > 0) comparison.outside = metrics_of(sums.outside, pair);
  }
  comparison.whole = metrics_of(sums.whole(), pair);
  return comparison;
}

Difference compare(const Image& before, const Image& after, const Mask& mask) {
  const Pair pair(before, after, Detail::kCoarser);
  const MaskedSums sums = sum_differences(pair, &mask);
  Difference found;
  found.changed_pixels = sums.whole().differing;
  found.max_change_outside_mask = sums.outside.max;
  if (sums.outside.absolute > 0) {
    const double samples = static_cast<double>(sums.outside.pixels) * pair.channels();
    found.mean_change_outside_mask = static_cast<double>(sums.outside.absolute) / samples;
  }
  return found;
}

DifferencePicture difference_picture(const Image& a, const Image& b) {
  const Pair pair(a, b, Detail::kFiner);
  int largest_of_all = 0;
  std::vector<std::uint16_t> differences(static_cast<std::size_t>(a.width) * static_cast<std::size_t>(a.height));
  for_each_difference(pair, [&](std::size_t place, int largest, int, std::uint64_t) {
    differences[place] = static_cast<std::uint16_t>(largest);
    largest_of_all = std::max(largest_of_all, largest);
  });
  DifferencePicture picture;
  picture.image = Image(a.width, a.height, 1);
  if (largest_of_all == 0) return picture;
  picture.amplification = 255.0 * pair.levels() / largest_of_all;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const int value = (differences[i] * 255 + largest_of_all / 2) / largest_of_all;
    // Any difference must be visible.
    picture.image.samples.bytes()[i] = static_cast<std::uint8_t>(differences[i] == 0 ? 0 : std::max(value, 1));
  }
  return picture;
}

}  // namespace zimage

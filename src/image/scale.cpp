#include "image/scale.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/parallel.h"

namespace zimage {
namespace {

/// The fewest rows that are worth a thread.
constexpr std::int64_t kRowsEach = 64;

/// The samples that one sample of the scaled line is made of, and their shares, which sum to 1.
struct Taps {
  int first = 0;
  std::vector<float> shares;
};

std::vector<Taps> triangle_taps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);
  std::vector<Taps> line(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Taps& taps = line[static_cast<std::size_t>(i)];
    const double centre = (i + 0.5) * scale;
    taps.first = std::max(static_cast<int>(std::floor(centre - reach + 0.5)), 0);
    const int end = std::min(static_cast<int>(std::floor(centre + reach + 0.5)), from);
    double sum = 0.0;
    for (int k = taps.first; k < end; ++k) {
      const double share = std::max(1.0 - std::abs((k + 0.5 - centre) / reach), 0.0);
      taps.shares.push_back(static_cast<float>(share));
      sum += share;
    }
    for (float& share : taps.shares) share = static_cast<float>(share / sum);
  }
  return line;
}

/// Scales the rows of an image to `taps`; the result is [height, width, channels].
std::vector<float> scale_rows(const Image& image, const std::vector<Taps>& taps) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::size_t width = taps.size() * channels;
  std::vector<float> out(static_cast<std::size_t>(image.height) * width);
  parallel_for(0, image.height, kRowsEach, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      const std::uint8_t* row = image.samples.bytes() + image.index(0, static_cast<int>(y));
      float* to = out.data() + static_cast<std::size_t>(y) * width;
      for (const Taps& tap : taps) {
        const std::uint8_t* from = row + static_cast<std::size_t>(tap.first) * channels;
        for (const float share : tap.shares) {
          for (std::size_t c = 0; c < channels; ++c) to[c] += share * static_cast<float>(*from++);
        }
        to += channels;
      }
    }
  });
  return out;
}

}  // namespace

Image scale_image(const Image& image, int width, int height) {
  const std::vector<float> rows = scale_rows(image, triangle_taps(image.width, width));
  const std::vector<Taps> taps = triangle_taps(image.height, height);
  Image scaled(width, height, image.channels);
  const std::size_t length = static_cast<std::size_t>(width) * static_cast<std::size_t>(image.channels);
  parallel_for(0, height, kRowsEach, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> sum(length);
    for (std::int64_t y = begin; y < end; ++y) {
      const Taps& tap = taps[static_cast<std::size_t>(y)];
      std::fill(sum.begin(), sum.end(), 0.0F);
      for (std::size_t k = 0; k < tap.shares.size(); ++k) {
        const float* row = rows.data() + (static_cast<std::size_t>(tap.first) + k) * length;
        for (std::size_t i = 0; i < length; ++i) sum[i] += tap.shares[k] * row[i];
      }
      std::uint8_t* to = scaled.samples.bytes() + scaled.index(0, static_cast<int>(y));
      for (std::size_t i = 0; i < length; ++i) {
        to[i] = static_cast<std::uint8_t>(std::lround(std::clamp(sum[i], 0.0F, 255.0F)));
      }
    }
  });
  return scaled;
}

FittedSize fit_into(int width, int height, int most_width, int most_height, bool enlarge) {
  double scale = std::min(static_cast<double>(most_width) / width, static_cast<double>(most_height) / height);
  if (!enlarge) scale = std::min(scale, 1.0);
  const auto scaled = [scale](int side, int most) {
    return std::clamp(static_cast<int>(std::lround(side * scale)), 1, std::max(most, 1));
  };
  return {scaled(width, most_width), scaled(height, most_height)};
}

}  // namespace zimage

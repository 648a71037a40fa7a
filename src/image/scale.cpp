#include "image/scale.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/parallel.h"

namespace zimage {
namespace {

/// sRGB's transfer function (IEC 61966-2-1), from and to shares of full scale.
float to_linear(float share) { return share <= 0.04045F ? share / 12.92F : std::pow((share + 0.055F) / 1.055F, 2.4F); }
float from_linear(float light) {
  return light <= 0.0031308F ? light * 12.92F : 1.055F * std::pow(light, 1.0F / 2.4F) - 0.055F;
}

std::vector<float> linear_values(int most) {
  std::vector<float> values(static_cast<std::size_t>(most) + 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = to_linear(static_cast<float>(i) / static_cast<float>(most));
  }
  return values;
}

std::uint16_t sample_of(float share, int most) {
  return static_cast<std::uint16_t>(std::lround(std::clamp(share, 0.0F, 1.0F) * static_cast<float>(most)));
}

/// The source pixels that a pixel of a shorter side covers, and how much of the first and the last one.
struct Span {
  int first = 0;
  int last = 0;
  double begin = 0.0;
  double end = 0.0;

  double weight(int at) const { return std::min(at + 1.0, end) - std::max<double>(at, begin); }
};

Span span_of(int at, int side, int shrunk) {
  Span span;
  span.begin = static_cast<double>(at) * side / shrunk;
  span.end = static_cast<double>(at + 1) * side / shrunk;
  span.first = static_cast<int>(span.begin);
  span.last = std::min(side - 1, static_cast<int>(std::ceil(span.end)) - 1);
  return span;
}

/// Sums the rows of a picture into rows of `width` pixels. A pixel has its colours, times alpha, and alpha.
class RowSums {
 public:
  RowSums(const Image& image, int width)
      : image_(image), colors_(image.color_channels()), light_(linear_values(image.max_value())) {
    for (int x = 0; x < width; ++x) spans_.push_back(span_of(x, image.width, width));
  }

  std::size_t stride() const { return static_cast<std::size_t>(colors_) + 1; }

  void add(int y, double row_weight, std::vector<float>& sums) const {
    image_.samples.visit([&](const auto* samples) { add_row(samples + image_.index(0, y), row_weight, sums.data()); });
  }

 private:
  template <class Sample>
  void add_row(const Sample* row, double row_weight, float* sum) const {
    const auto full = static_cast<float>(image_.max_value());
    for (const Span& span : spans_) {
      for (int x = span.first; x <= span.last; ++x) {
        const Sample* pixel = row + static_cast<std::ptrdiff_t>(x) * image_.channels;
        auto weight = static_cast<float>(span.weight(x) * row_weight);
        if (image_.has_alpha()) weight *= static_cast<float>(pixel[colors_]) / full;
        for (int c = 0; c < colors_; ++c) sum[c] += weight * light_[pixel[c]];
        sum[colors_] += weight;
      }
      sum += stride();
    }
  }

  const Image& image_;
  int colors_;
  std::vector<float> light_;
  std::vector<Span> spans_;
};

Image at_depth(const Image& image, int bit_depth) {
  if (image.bit_depth == bit_depth) return image;
  Image out(image.width, image.height, image.channels, bit_depth);
  for (std::size_t i = 0; i < out.samples.size(); ++i) {
    const unsigned value = image.samples[i];
    out.samples.set(i, static_cast<std::uint16_t>(bit_depth == 16 ? value * 257U : (value * 255U + 32767U) / 65535U));
  }
  return out;
}

/// The two source pixels that a pixel of a longer side lies between, and the share of the second.
struct Between {
  int first = 0;
  int second = 0;
  float share = 0.0F;
};

std::vector<Between> places_between(int side, int enlarged) {
  std::vector<Between> places(static_cast<std::size_t>(enlarged));
  for (int i = 0; i < enlarged; ++i) {
    const double at = std::clamp((i + 0.5) * side / enlarged - 0.5, 0.0, side - 1.0);
    const int first = static_cast<int>(at);
    places[static_cast<std::size_t>(i)] = {first, std::min(first + 1, side - 1), static_cast<float>(at - first)};
  }
  return places;
}

float mixed(float first, float second, float share) { return first + share * (second - first); }

}  // namespace

FittedSize fit_into(int width, int height, int most_width, int most_height, bool larger_too) {
  const bool by_width = std::int64_t{width} * most_height >= std::int64_t{height} * most_width;
  const int from = by_width ? width : height;
  const int to = by_width ? most_width : most_height;
  if (to >= from && !larger_too) return {width, height};
  const auto scaled = [&](int side, int most) {
    return std::clamp(static_cast<int>(std::lround(static_cast<double>(side) * to / from)), 1, std::max(most, 1));
  };
  return {scaled(width, most_width), scaled(height, most_height)};
}

Image shrink(const Image& image, int width, int height, int bit_depth) {
  if (width == image.width && height == image.height) return at_depth(image, bit_depth);
  Image out(width, height, image.channels, bit_depth);
  const RowSums rows(image, width);
  const int colors = image.color_channels();
  const double area = static_cast<double>(image.width) / width * image.height / height;
  parallel_for(0, height, 16, [&](std::int64_t from, std::int64_t to) {
    std::vector<float> sums(static_cast<std::size_t>(width) * rows.stride());
    for (int y = static_cast<int>(from); y < to; ++y) {
      std::fill(sums.begin(), sums.end(), 0.0F);
      const Span span = span_of(y, image.height, height);
      for (int row = span.first; row <= span.last; ++row) rows.add(row, span.weight(row), sums);
      const float* sum = sums.data();
      std::size_t i = out.index(0, y);
      for (int x = 0; x < width; ++x, sum += rows.stride()) {
        const float weight = sum[colors];
        for (int c = 0; c < colors; ++c) {
          out.samples.set(i++, weight > 0.0F ? sample_of(from_linear(sum[c] / weight), out.max_value()) : 0);
        }
        if (image.has_alpha()) out.samples.set(i++, sample_of(static_cast<float>(weight / area), out.max_value()));
      }
    }
  });
  return out;
}

Image shrink_to_brightest(const Image& image, int width, int height) {
  if (width == image.width && height == image.height) return image;
  Image out(width, height, 1);
  std::uint8_t* pixels = out.samples.bytes();
  const std::uint8_t* source = image.samples.bytes();
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* row = pixels + out.index(0, static_cast<int>(static_cast<std::int64_t>(y) * height / image.height));
    for (int x = 0; x < image.width; ++x) {
      std::uint8_t& pixel = row[static_cast<std::int64_t>(x) * width / image.width];
      pixel = std::max(pixel, *source++);
    }
  }
  return out;
}

Image enlarge(const Image& image, int width, int height) {
  Image out(width, height, image.channels);
  const std::vector<Between> columns = places_between(image.width, width);
  const std::vector<Between> rows = places_between(image.height, height);
  parallel_for(0, height, 16, [&](std::int64_t from, std::int64_t to) {
    for (int y = static_cast<int>(from); y < to; ++y) {
      const Between& row = rows[static_cast<std::size_t>(y)];
      const std::uint8_t* upper = image.samples.bytes() + image.index(0, row.first);
      const std::uint8_t* lower = image.samples.bytes() + image.index(0, row.second);
      std::uint8_t* sample = out.samples.bytes() + out.index(0, y);
      for (const Between& column : columns) {
        for (int c = 0; c < image.channels; ++c) {
          const int first = column.first * image.channels + c;
          const int second = column.second * image.channels + c;
          const float above = mixed(upper[first], upper[second], column.share);
          const float below = mixed(lower[first], lower[second], column.share);
          *sample++ = static_cast<std::uint8_t>(std::lround(mixed(above, below, row.share)));
        }
      }
    }
  });
  return out;
}

}  // namespace zimage

#include "inpaint/resample.h"

#include <ATen/ATen.h>
#include "base/parallel.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace zimage {
namespace {

/// Half the kernel's width, in pixels of the coarser side.
constexpr double kReach = 2.0;

double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * kA;
  return 0.0;
}

/// The inputs of one result pixel along one axis: first, first + 1, … with weights that sum to 1.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

/// Returns the taps of results begin … begin + count - 1 when `from` inputs are resampled to `to` results.
std::vector<Taps> taps_of(int from, int to, int begin, int count) {
  const double scale = static_cast<double>(from) / to;
  const double stretch = std::max(scale, 1.0);
  std::vector<Taps> all(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Taps& taps = all[static_cast<std::size_t>(i)];
    const double center = scale * (begin + i + 0.5);
    taps.first = std::max(static_cast<int>(center - kReach * stretch + 0.5), 0);
    const int end = std::min(static_cast<int>(center + kReach * stretch + 0.5), from);
    std::vector<double> weights;
    double sum = 0.0;
    for (int k = taps.first; k < end; ++k) {
      weights.push_back(cubic((k - center + 0.5) / stretch));
      sum += weights.back();
    }
    for (const double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
  }
  return all;
}

/// Returns the range of inputs that the taps use, [first, end).
std::pair<int, int> span_of(const std::vector<Taps>& all) {
  const Taps& last = all.back();
  return {all.front().first, last.first + static_cast<int>(last.weights.size())};
}

/// Gives access to the rows of the planes in a tensor [1, C, h, w].
struct Planes {
  const float* data;
  std::int64_t count;   ///< C
  std::int64_t height;  ///< of each plane in memory
  std::int64_t width;
  const float* row(std::int64_t plane, std::int64_t y) const { return data + (plane * height + y) * width; }
};

Planes planes_of(const at::Tensor& pixels) {
  return {pixels.const_data_ptr<float>(), pixels.size(1), pixels.size(2), pixels.size(3)};
}

/// Calls f(plane, row) for all rows of all planes, on all threads.
template <class F>
void for_each_row(std::int64_t planes, std::int64_t rows, F f) {
  parallel_for(0, planes * rows, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) f(i / rows, i % rows);
  });
}

/// Resamples columns in the rows [top, bottom) of the input, whose first column is the picture's column `left`.
at::Tensor across(const at::Tensor& pixels, const std::vector<Taps>& columns, int left, int top, int bottom) {
  const Planes in = planes_of(pixels);
  const auto width = static_cast<std::int64_t>(columns.size());
  const std::int64_t rows = bottom - top;
  at::Tensor result = at::empty({1, in.count, rows, width}, at::kFloat);
  float* data = result.mutable_data_ptr<float>();
  for_each_row(in.count, rows, [&](std::int64_t plane, std::int64_t y) {
    const float* from = in.row(plane, top + y);
    float* to = data + (plane * rows + y) * width;
    for (const Taps& taps : columns) {
      const float* input = from + (taps.first - left);
      float sum = 0.0F;
      for (std::size_t k = 0; k < taps.weights.size(); ++k) sum += taps.weights[k] * input[k];
      *to++ = sum;
    }
  });
  return result;
}

/// Resamples rows in the columns [left, right) of the input, whose first row is the picture's row `top`.
at::Tensor down(const at::Tensor& pixels, const std::vector<Taps>& rows, int top, int left, int right) {
  const Planes in = planes_of(pixels);
  const auto height = static_cast<std::int64_t>(rows.size());
  const std::int64_t width = right - left;
  at::Tensor result = at::zeros({1, in.count, height, width}, at::kFloat);
  float* data = result.mutable_data_ptr<float>();
  for_each_row(in.count, height, [&](std::int64_t plane, std::int64_t y) {
    const Taps& taps = rows[static_cast<std::size_t>(y)];
    float* to = data + (plane * height + y) * width;
    for (std::size_t k = 0; k < taps.weights.size(); ++k) {
      const float* from = in.row(plane, taps.first - top + static_cast<std::int64_t>(k)) + left;
      const float weight = taps.weights[k];
      for (std::int64_t x = 0; x < width; ++x) to[x] += weight * from[x];
    }
  });
  return result;
}

/// Computes one row of `to.size()` samples from rows that start at `first` and lie `stride` samples apart.
template <class Sample>
void shrink_row(const Taps& taps, const Sample* first, std::size_t stride, std::vector<float>& to) {
  constexpr std::size_t kPiece = 1024;  // few enough at a time for the sums to stay in the first-level cache
  for (std::size_t begin = 0; begin < to.size(); begin += kPiece) {
    float sums[kPiece] = {};
    const std::size_t count = std::min(kPiece, to.size() - begin);
    for (std::size_t k = 0; k < taps.weights.size(); ++k) {
      const Sample* from = first + k * stride + begin;
      const float weight = taps.weights[k];
      for (std::size_t i = 0; i < count; ++i) sums[i] += weight * static_cast<float>(from[i]);
    }
    std::copy_n(sums, count, to.data() + begin);
  }
}

/// Splits pixels of `step` samples into three planes that lie `plane` values apart.
void part_colors(const float* row, std::size_t step, bool color, float full, std::size_t count, std::size_t plane,
                 float* to) {
  for (std::size_t c = 0; c < 3; ++c) {
    const float* from = row + (color ? c : 0);
    for (std::size_t x = 0; x < count; ++x) to[c * plane + x] = from[x * step] / full;
  }
}

}  // namespace

at::Tensor shrink_rows(const Image& image, const Box& box, int height) {
  const std::vector<Taps> rows = taps_of(box.height, height, 0, height);
  at::Tensor result = at::empty({1, 3, height, box.width}, at::kFloat);
  float* data = result.mutable_data_ptr<float>();
  const auto width = static_cast<std::size_t>(box.width);
  const auto step = static_cast<std::size_t>(image.channels);
  image.samples.visit([&](const auto* samples) {
    parallel_for(0, height, 1, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> row(width * step);
      for (std::int64_t y = begin; y < end; ++y) {
        const Taps& taps = rows[static_cast<std::size_t>(y)];
        const auto* first = samples + image.index(box.x, box.y + taps.first);
        shrink_row(taps, first, image.index(0, 1), row);
        part_colors(row.data(), step, image.color_channels() == 3, static_cast<float>(image.max_value()), width,
                    width * static_cast<std::size_t>(height), data + static_cast<std::size_t>(y) * width);
      }
    });
  });
  return result;
}

at::Tensor resample(const at::Tensor& pixels, int height, int width, const Box& window) {
  const at::Tensor in = pixels.contiguous();
  const auto from_height = static_cast<int>(in.size(2));
  const auto from_width = static_cast<int>(in.size(3));
  const std::vector<Taps> columns = taps_of(from_width, width, window.x, window.width);
  if (from_height == height) return across(in, columns, 0, window.y, window.y + window.height);
  const std::vector<Taps> rows = taps_of(from_height, height, window.y, window.height);
  const auto [top, bottom] = span_of(rows);
  // down() works on many columns at a time and across() doesn't, so across() gets the fewer rows.
  if (bottom - top <= window.height) return down(across(in, columns, 0, top, bottom), rows, top, 0, window.width);
  const auto [left, right] = span_of(columns);
  return across(down(in, rows, 0, left, right), columns, left, 0, window.height);
}

}  // namespace zimage

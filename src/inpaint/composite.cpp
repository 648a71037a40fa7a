#include "inpaint/composite.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "image/distance.h"
#include "image/tiles.h"
#include "inpaint/pixels.h"

namespace zimage {
namespace {

/// To the nearest, ties to even, for values below 2^22: without a call for each sample.
float rounded(float value) {
  constexpr float kWhole = 12582912.0F;  // 1.5 * 2^23: from here on floats are whole numbers
  return (value + kWhole) - kWhole;
}

/// Writes the result's pixels of one box of the picture, faded.
template <class Sample>
class Paster {
 public:
  Paster(const Image& picture, Sample* samples, const Box& box, const float* values, bool opaque)
      : picture_(picture),
        samples_(samples),
        box_(box),
        values_(values),
        plane_(static_cast<std::size_t>(box.width) * static_cast<std::size_t>(box.height)),
        full_(static_cast<float>(picture.max_value())),
        opaque_(opaque && picture.has_alpha()) {}

  void paste(int x, int y, float share) const {
    const std::size_t from = static_cast<std::size_t>(y - box_.y) * static_cast<std::size_t>(box_.width) +
                             static_cast<std::size_t>(x - box_.x);
    Sample* to = samples_ + picture_.index(x, y);
    if (picture_.color_channels() == 3) {
      for (std::size_t c = 0; c < 3; ++c) blend(to[c], values_[c * plane_ + from], share);
    } else {
      const float grey = 0.299F * values_[from] + 0.587F * values_[plane_ + from] + 0.114F * values_[2 * plane_ + from];
      blend(to[0], std::clamp(grey, 0.0F, 1.0F), share);
    }
    if (opaque_) blend(to[picture_.channels - 1], 1.0F, share);
  }

  /// Pixels [x, end) of a row, whole.
  void paste_run(int x, int end, int y) const {
    if (opaque_ || picture_.color_channels() != 3) {
      for (; x < end; ++x) paste(x, y, 1.0F);
      return;
    }
    const float* from = values_ + static_cast<std::size_t>(y - box_.y) * static_cast<std::size_t>(box_.width) +
                        static_cast<std::size_t>(x - box_.x);
    Sample* to = samples_ + picture_.index(x, y);
    const auto step = static_cast<std::size_t>(picture_.channels);
    const auto count = static_cast<std::size_t>(end - x);
    // Levels that lie side by side are worked out several at a time.
    std::array<Sample, kRun> levels;
    for (std::size_t at = 0; at < count; at += kRun) {
      const std::size_t piece = std::min(kRun, count - at);
      for (std::size_t c = 0; c < 3; ++c) {
        const float* values = from + c * plane_ + at;
        for (std::size_t i = 0; i < piece; ++i) levels[i] = level_of(values[i]);
        for (std::size_t i = 0; i < piece; ++i) to[(at + i) * step + c] = levels[i];
      }
    }
  }

 private:
  static constexpr std::size_t kRun = 256;

  Sample level_of(float value) const { return static_cast<Sample>(rounded(std::clamp(value * full_, 0.0F, full_))); }

  void blend(Sample& sample, float value, float share) const {
    float level = value * full_;
    if (share < 1.0F) level = level * share + static_cast<float>(sample) * (1.0F - share);
    sample = static_cast<Sample>(rounded(std::clamp(level, 0.0F, full_)));
  }

  const Image& picture_;
  Sample* samples_;
  const Box& box_;
  const float* values_;
  std::size_t plane_;
  float full_;
  bool opaque_;
};

/// The result in one region of a picture, and where it goes.
struct Pasting {
  const Mask& mask;
  const WorkingRegion& region;
  const at::Tensor& pixels;
  const CompositeOptions& options;
  int feather() const { return std::max(options.feather, 0); }
};

/// The repainted pixels of one row of a box.
template <class Sample>
void paste_row(const Paster<Sample>& paster, const Mask& mask, const Box& box, int y) {
  const std::uint8_t* repaint = mask.repaint.data() + mask.index(0, y);
  const int right = box.x + box.width;
  for (int x = box.x; x < right;) {
    const int begin = x;
    while (x < right && repaint[x] != 0) ++x;
    if (begin < x) paster.paste_run(begin, x, y);
    while (x < right && repaint[x] == 0) ++x;
  }
}

/// What lies around the holes of a box.
template <class Sample>
void fade(const Paster<Sample>& paster, const Pasting& pasting, const Box& band) {
  if (all_repainted(pasting.mask, band)) return;
  const Box reach = grown(band, pasting.feather(), box_of(pasting.region));
  for_each_nearest(pasting.mask, reach, [&](int y, const std::vector<Nearest>& row) {
    if (y < band.y || y >= band.y + band.height) return;
    for (int x = band.x; x < band.x + band.width; ++x) {
      const std::int64_t squared = row[static_cast<std::size_t>(x - reach.x)].squared;
      const float share = feather_share(squared, pasting.feather());
      if (squared > 0 && share > 0.0F) paster.paste(x, y, share);
    }
  });
}

/// What lies in one tile. Holes beyond its reach don't matter: nothing fades that far.
template <class Sample>
void paste_tile(const Image& picture, Sample* samples, const Pasting& pasting, const Box& tile) {
  const Box whole = box_of(pasting.region);
  const Box hole = bounding_box(pasting.mask, grown(tile, pasting.feather(), whole));
  if (hole.empty()) return;
  const Box band = grown(hole, pasting.feather(), tile);
  if (band.empty()) return;
  const Box window{band.x - whole.x, band.y - whole.y, band.width, band.height};
  const at::Tensor fitted = resize_pixels(pasting.pixels, whole.height, whole.width, window).contiguous();
  const Paster paster(picture, samples, band, fitted.const_data_ptr<float>(), pasting.options.opaque);
  for (int y = band.y; y < band.y + band.height; ++y) paste_row(paster, pasting.mask, band, y);
  if (pasting.feather() > 0) fade(paster, pasting, band);
}

}  // namespace

float feather_share(std::int64_t squared, int feather) {
  if (squared == 0) return 1.0F;
  const std::int64_t reach = static_cast<std::int64_t>(feather) * feather;
  if (squared > reach) return 0.0F;
  const double place = std::sqrt(static_cast<double>(squared)) / (feather + 1.0);
  return static_cast<float>(0.5 + 0.5 * std::cos(std::numbers::pi * place));
}

void composite(Image& picture, const Mask& mask, const WorkingRegion& region, const at::Tensor& pixels,
               const CompositeOptions& options) {
  const Pasting pasting{mask, region, pixels, options};
  const Box band = changed_part(mask, region, pasting.feather());
  if (band.empty()) return;
  picture.samples.visit([&](auto* samples) {
    for_each_tile(band, tile_side(pasting.feather()), [&](const Box& tile) {
      const c10::InferenceMode inference;
      paste_tile(picture, samples, pasting, tile);
    });
  });
}

}  // namespace zimage

#include "conditioning/composite.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "conditioning/distance.h"
#include "conditioning/pixels.h"

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

 private:
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

template <class Sample>
void paste_hole(const Paster<Sample>& paster, const Mask& mask, const Box& hole) {
  for (int y = hole.y; y < hole.y + hole.height; ++y) {
    for (int x = hole.x; x < hole.x + hole.width; ++x) {
      if (mask.repaint[mask.index(x, y)] != 0) paster.paste(x, y, 1.0F);
    }
  }
}

template <class Sample>
void paste_faded(const Paster<Sample>& paster, const Mask& mask, const Box& band, int feather) {
  for_each_nearest_in_parallel(mask, band, [&](int y, const std::vector<Nearest>& row) {
    for (int i = 0; i < band.width; ++i) {
      const float share = feather_share(row[static_cast<std::size_t>(i)].squared, feather);
      if (share > 0.0F) paster.paste(band.x + i, y, share);
    }
  });
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
  const Box hole = bounding_box(mask, box_of(region));
  if (hole.empty()) return;
  const Box band = grown(hole, std::max(options.feather, 0), box_of(region));
  const Box window{band.x - region.x, band.y - region.y, band.width, band.height};
  const at::Tensor fitted = resize_pixels(pixels, region.height, region.width, window).contiguous();
  picture.samples.visit([&](auto* samples) {
    const Paster paster(picture, samples, band, fitted.const_data_ptr<float>(), options.opaque);
    if (options.feather <= 0) return paste_hole(paster, mask, band);
    paste_faded(paster, mask, band, options.feather);
  });
}

}  // namespace zimage

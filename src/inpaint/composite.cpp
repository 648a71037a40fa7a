#include "inpaint/composite.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "image/canvas.h"
#include "image/distance.h"
#include "image/luminance.h"
#include "image/tiles.h"
#include "inpaint/pixels.h"

namespace zimage {
namespace {

/// Rounds to the nearest whole number, ties to even, for values below 2^22. Avoids a library call for each sample.
float rounded(float value) {
  constexpr float kWhole = 12582912.0F;  // 1.5 * 2^23: floats of this size are whole numbers
  return (value + kWhole) - kWhole;
}

/// Blends the result's pixels into what the picture shows in one box.
template <class Sample>
class Paster {
 public:
  /// `part` shows the picture in `box`; `values` are the result's pixels there. `coverage` has a byte for each pixel.
  Paster(Image& part, Sample* samples, std::uint8_t* coverage, const Box& box, const float* values, bool opaque)
      : part_(part),
        samples_(samples),
        coverage_(coverage),
        box_(box),
        values_(values),
        plane_(static_cast<std::size_t>(box.width) * static_cast<std::size_t>(box.height)),
        full_(static_cast<float>(part.max_value())),
        opaque_(opaque && part.has_alpha()) {}

  void paste(int x, int y, float share) const {
    const std::size_t from = static_cast<std::size_t>(y - box_.y) * static_cast<std::size_t>(box_.width) +
                             static_cast<std::size_t>(x - box_.x);
    Sample* to = samples_ + from * static_cast<std::size_t>(part_.channels);
    bool changed = false;
    if (part_.color_channels() == 3) {
      for (std::size_t c = 0; c < 3; ++c) changed |= blend(to[c], values_[c * plane_ + from], share);
    } else {
      const float grey = luminance(values_[from], values_[plane_ + from], values_[2 * plane_ + from]);
      changed |= blend(to[0], std::clamp(grey, 0.0F, 1.0F), share);
    }
    if (opaque_) changed |= blend(to[part_.channels - 1], 1.0F, share);
    if (changed) coverage_[from] = 1;
  }

 private:
  /// Blends a value into a sample and returns whether the sample changed.
  bool blend(Sample& sample, float value, float share) const {
    float level = value * full_;
    if (share < 1.0F) level = level * share + static_cast<float>(sample) * (1.0F - share);
    const auto blended = static_cast<Sample>(rounded(std::clamp(level, 0.0F, full_)));
    const bool changes = blended != sample;
    sample = blended;
    return changes;
  }

  const Image& part_;
  Sample* samples_;
  std::uint8_t* coverage_;
  const Box& box_;
  const float* values_;
  std::size_t plane_;
  float full_;
  bool opaque_;
};

/// One region's result, with the mask and the options it is pasted by.
struct Pasting {
  const PixelSource& picture;
  const Mask& mask;
  const WorkingRegion& region;
  const at::Tensor& pixels;
  const CompositeOptions& options;
  int feather() const { return std::max(options.feather, 0); }
};

/// Pastes the repainted pixels of one row of a box.
template <class Sample>
void paste_row(const Paster<Sample>& paster, const Mask& mask, const Box& box, int y) {
  const std::uint8_t* repaint = mask.repaint.data() + mask.index(0, y);
  for (int x = box.x; x < box.x + box.width; ++x) {
    if (repaint[x] != 0) paster.paste(x, y, 1.0F);
  }
}

/// Pastes the feather around the holes of a box.
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

/// Crops a box out of the picture and brings it into sRGB, as a patch's pixels are.
Image in_srgb(const PixelSource& picture, const Box& box) {
  Image part = crop_image(picture.image, box);
  return picture.to_srgb ? picture.to_srgb(part) : part;
}

/// Pastes what lies in one tile into the patch. Holes further away than the feather don't matter: nothing fades that
/// far.
void paste_tile(const Pasting& pasting, const Box& tile, Patch& patch) {
  const Box whole = box_of(pasting.region);
  const Box hole = bounding_box(pasting.mask, grown(tile, pasting.feather(), whole));
  if (hole.empty()) return;
  const Box band = grown(hole, pasting.feather(), tile);
  if (band.empty()) return;
  const Box window{band.x - whole.x, band.y - whole.y, band.width, band.height};
  const at::Tensor fitted = resize_pixels(pasting.pixels, whole.height, whole.width, window).contiguous();
  Image part = in_srgb(pasting.picture, band);
  std::vector<std::uint8_t> coverage(static_cast<std::size_t>(band.width) * static_cast<std::size_t>(band.height));
  part.samples.visit([&](auto* samples) {
    const Paster paster(part, samples, coverage.data(), band, fitted.const_data_ptr<float>(), pasting.options.opaque);
    for (int y = band.y; y < band.y + band.height; ++y) paste_row(paster, pasting.mask, band, y);
    if (pasting.feather() > 0) fade(paster, pasting, band);
  });
  const std::size_t row = part.index(0, 1) * part.samples.sample_bytes();
  for (int y = 0; y < band.height; ++y) {
    const std::size_t to = patch.pixels.index(band.x - patch.box.x, band.y - patch.box.y + y);
    std::copy_n(part.samples.address(part.index(0, y)), row, patch.pixels.samples.address(to));
    std::copy_n(coverage.data() + y * band.width, band.width,
                patch.coverage.data() + to / static_cast<std::size_t>(part.channels));
  }
}

}  // namespace

float feather_share(std::int64_t squared, int feather) {
  if (squared == 0) return 1.0F;
  const std::int64_t reach = static_cast<std::int64_t>(feather) * feather;
  if (squared > reach) return 0.0F;
  const double place = std::sqrt(static_cast<double>(squared)) / (feather + 1.0);
  return static_cast<float>(0.5 + 0.5 * std::cos(std::numbers::pi * place));
}

Patch composite(const PixelSource& picture, const Box& place, const Mask& mask, const WorkingRegion& region,
                const at::Tensor& pixels, const CompositeOptions& options) {
  const Pasting pasting{picture, mask, region, pixels, options};
  const int bit_depth = picture.to_srgb ? 16 : picture.image.bit_depth;
  Patch patch{place, Image(place.width, place.height, picture.image.channels, bit_depth), {}};
  patch.coverage.resize(static_cast<std::size_t>(place.width) * static_cast<std::size_t>(place.height));
  for_each_tile(place, tile_side(pasting.feather()), [&](const Box& tile) {
    const c10::InferenceMode inference;
    paste_tile(pasting, tile, patch);
  });
  return patch;
}

}  // namespace zimage

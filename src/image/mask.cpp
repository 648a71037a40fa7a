#include "image/mask.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/zeros.h"
#include "image/luminance.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::size_t kLevels = 256;

/// The meaning of a mask's pixel: whether it is repainted, and how strongly in a soft mask.
struct Reading {
  std::uint8_t repaint = 0;
  std::uint8_t level = 0;
};

Reading read_share(double share, const MaskReading& reading) {
  const double wanted = reading.invert ? 1.0 - share : share;
  if (wanted < reading.threshold || (reading.soft && wanted <= 0.0)) return {};
  // Rounding up keeps a small share from becoming 0.
  return {1, static_cast<std::uint8_t>(std::ceil(wanted * 255.0 - 1e-9))};
}

template <class Read>
Mask read_pixels(const Image& image, bool soft, Read read) {
  Mask mask(image.width, image.height);
  if (soft) mask.level.assign(mask.repaint.size(), 0);
  image.samples.visit([&](const auto* pixel) {
    for (std::size_t i = 0; i < mask.repaint.size(); ++i, pixel += image.channels) {
      const Reading found = read(pixel);
      mask.repaint[i] = found.repaint;
      if (soft) mask.level[i] = found.level;
    }
  });
  return mask;
}

/// Reads a mask; `share` computes a pixel's share from its samples.
template <class Share>
Mask read_shares(const Image& image, const MaskReading& reading, Share share) {
  return read_pixels(image, reading.soft, [&](const auto* p) { return read_share(share(p), reading); });
}

/// Does the same for one 8-bit value per pixel, through a table of all 256 levels, because large masks take a while.
template <class Value>
Mask read_levels(const Image& image, const MaskReading& reading, Value value) {
  std::array<Reading, kLevels> table;
  for (std::size_t v = 0; v < kLevels; ++v) table[v] = read_share(static_cast<double>(v) / 255.0, reading);
  return read_pixels(image, reading.soft, [&](const auto* p) { return table[value(p) % kLevels]; });
}

/// Reads a mask in which one label counts; `is_label` tells whether a pixel has it.
template <class IsLabel>
Mask read_label(const Image& image, const MaskReading& reading, IsLabel is_label) {
  return read_pixels(image, reading.soft, [&](const auto* p) {
    return is_label(p) != reading.invert ? Reading{1, 255} : Reading{};
  });
}

Mask mask_from_label(const Image& mask, const MaskReading& reading) {
  const MaskColor label = *reading.label;
  const bool color = mask.color_channels() == 3;
  const int alpha_channel = mask.has_alpha() ? mask.channels - 1 : -1;
  return read_label(mask, reading, [=](const auto* p) {
    // A transparent pixel counts as black, as it does without a label.
    const bool clear = alpha_channel >= 0 && p[alpha_channel] == 0;
    const auto value = [&](int c) { return clear ? 0 : static_cast<int>(p[c]); };
    return value(0) == label[0] && (!color || (value(1) == label[1] && value(2) == label[2]));
  });
}

}  // namespace

Mask mask_from_image(const Image& mask, const MaskReading& reading) {
  if (reading.label) return mask_from_label(mask, reading);
  const double full = mask.max_value();
  const bool color = mask.color_channels() == 3;
  const bool alpha = mask.has_alpha();
  const int alpha_channel = mask.channels - 1;
  if (mask.bit_depth == 8 && !alpha) {
    return read_levels(mask, reading,
                       [=](const auto* p) -> std::size_t { return color ? luminance(p[0], p[1], p[2]) : p[0]; });
  }
  return read_shares(mask, reading, [=](const auto* p) {
    const double light = (color ? luminance(p[0], p[1], p[2]) : p[0]) / full;
    return alpha ? light * (p[alpha_channel] / full) : light;
  });
}

Mask mask_from_alpha(const Image& picture, const MaskReading& reading) {
  if (!picture.has_alpha()) {
    throw Error(ErrorCode::kInput, "the picture has no alpha channel to make a mask from",
                "give --mask a picture that is white where the picture is to be repainted");
  }
  const double full = picture.max_value();
  const int alpha_channel = picture.channels - 1;
  if (reading.label) {
    const int label = (*reading.label)[0];
    return read_label(picture, reading, [=](const auto* p) { return p[alpha_channel] == label; });
  }
  return read_shares(picture, reading, [=](const auto* p) { return 1.0 - p[alpha_channel] / full; });
}

std::size_t Mask::count() const {
  return static_cast<std::size_t>(std::count_if(repaint.begin(), repaint.end(), [](auto value) { return value != 0; }));
}

bool Mask::none() const { return all_zero(repaint.data(), repaint.data() + repaint.size()); }

bool Mask::all() const { return std::find(repaint.begin(), repaint.end(), 0) == repaint.end(); }

Image mask_to_image(const Mask& mask) {
  Image image(mask.width, mask.height, 1);
  std::transform(mask.repaint.begin(), mask.repaint.end(), image.samples.bytes(),
                 [](std::uint8_t repaint) { return static_cast<std::uint8_t>(repaint != 0 ? 255 : 0); });
  return image;
}

}  // namespace zimage

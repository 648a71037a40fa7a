#include "image/mask.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::size_t kLevels = 256;

/// What a pixel says: whether it is repainted, and in a soft mask how much.
struct Reading {
  std::uint8_t repaint = 0;
  std::uint8_t level = 0;
};

Reading read_share(double share, const MaskReading& reading) {
  const double wanted = reading.invert ? 1.0 - share : share;
  if (wanted < reading.threshold || (reading.soft && wanted <= 0.0)) return {};
  // Rounded up: what is above 0 stays above 0.
  return {1, static_cast<std::uint8_t>(std::ceil(wanted * 255.0 - 1e-9))};
}

/// Whether `count` pixels of `step` samples are all the same.
template <class Sample>
bool uniform(const Sample* pixel, std::size_t step, std::size_t count) {
  Sample differ = 0;
  for (std::size_t i = step; i < count * step; ++i) differ = static_cast<Sample>(differ | (pixel[i] ^ pixel[i - step]));
  return differ == 0;
}

template <class Read>
Mask read_pixels(const Image& image, bool soft, Read read) {
  Mask mask(image.width, image.height);
  if (soft) mask.level = ZeroedBytes(mask.repaint.size());
  const auto step = static_cast<std::size_t>(image.channels);
  const std::size_t pixels = mask.repaint.size();
  image.samples.visit([&](const auto* samples) {
    // Most of a mask is of one value.
    constexpr std::size_t kPiece = 256;
    for (std::size_t at = 0; at < pixels; at += kPiece) {
      const auto* pixel = samples + at * step;
      const std::size_t count = std::min(kPiece, pixels - at);
      if (uniform(pixel, step, count)) {
        const Reading found = read(pixel);
        if (found.repaint == 0) continue;  // zeros that aren't written cost nothing
        std::fill_n(mask.repaint.begin() + at, count, found.repaint);
        if (soft) std::fill_n(mask.level.begin() + at, count, found.level);
        continue;
      }
      for (std::size_t i = at; i < at + count; ++i, pixel += step) {
        const Reading found = read(pixel);
        mask.repaint[i] = found.repaint;
        if (soft) mask.level[i] = found.level;
      }
    }
  });
  return mask;
}

/// `share`: of a pixel's samples.
template <class Share>
Mask read_shares(const Image& image, const MaskReading& reading, Share share) {
  return read_pixels(image, reading.soft, [&](const auto* p) { return read_share(share(p), reading); });
}

/// As read_shares(), of one 8-bit value a pixel: worked out once for each level, as large masks take a while.
template <class Value>
Mask read_levels(const Image& image, const MaskReading& reading, Value value) {
  std::array<Reading, kLevels> table;
  for (std::size_t v = 0; v < kLevels; ++v) table[v] = read_share(static_cast<double>(v) / 255.0, reading);
  return read_pixels(image, reading.soft, [&](const auto* p) { return table[value(p) % kLevels]; });
}

}  // namespace

std::uint16_t luminance(std::uint16_t red, std::uint16_t green, std::uint16_t blue) {
  // 0.299, 0.587 and 0.114 in 65536ths, which sum to 65536.
  return static_cast<std::uint16_t>((red * 19595U + green * 38470U + blue * 7471U + 32768U) >> 16U);
}

Mask mask_from_image(const Image& mask, const MaskReading& reading) {
  const double full = mask.max_value();
  const bool color = mask.color_channels() == 3;
  const bool alpha = mask.has_alpha();
  const int alpha_channel = mask.channels - 1;
  if (mask.bit_depth == 8 && !alpha) {
    if (!color) return read_levels(mask, reading, [](const auto* p) { return p[0]; });
    return read_levels(mask, reading, [](const auto* p) { return luminance(p[0], p[1], p[2]); });
  }
  return read_shares(mask, reading, [=](const auto* p) {
    const double light = (color ? luminance(p[0], p[1], p[2]) : p[0]) / full;
    return alpha ? light * (p[alpha_channel] / full) : light;
  });
}

Mask mask_from_image(const Image& image, double threshold, bool invert) {
  return mask_from_image(image, MaskReading{threshold, invert, false});
}

Mask mask_from_alpha(const Image& picture, const MaskReading& reading) {
  if (!picture.has_alpha()) {
    throw Error(ErrorCode::kInput, "the picture has no alpha channel to make a mask of",
                "give --mask a picture that is white where it is to be repainted");
  }
  const double full = picture.max_value();
  const int alpha_channel = picture.channels - 1;
  return read_shares(picture, reading, [=](const auto* p) { return 1.0 - p[alpha_channel] / full; });
}

Mask mask_from_alpha(const Image& picture, double threshold, bool invert) {
  return mask_from_alpha(picture, MaskReading{threshold, invert, false});
}

Image mask_to_image(const Mask& mask) {
  Image image(mask.width, mask.height, 1);
  std::transform(mask.repaint.begin(), mask.repaint.end(), image.samples.bytes(),
                 [](std::uint8_t repaint) { return static_cast<std::uint8_t>(repaint != 0 ? 255 : 0); });
  return image;
}

}  // namespace zimage

#include "image/mask_levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

#include "image/luminance.h"

namespace zimage {
namespace {

constexpr std::size_t kSteps = MaskLevels::kFull + 1;
constexpr int kByte = 257;           // steps of an 8-bit level
constexpr std::size_t kLabels = 32;  // a mask with at most so many values may be one of labels

std::size_t pixel_count(const Image& image) {
  return static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
}

/// Calls `visit(pointer to a pixel's samples)` for every pixel.
template <class Visit>
void for_each_pixel(const Image& image, Visit visit) {
  image.samples.visit([&](const auto* pixel) {
    for (std::size_t i = 0; i < pixel_count(image); ++i, pixel += image.channels) visit(pixel);
  });
}

/// Returns a number in (above, below) with as few digits as possible, or at worst `below` with six of them. Both are
/// shares.
std::string short_number(double above, double below) {
  constexpr int kMostDigits = 6;
  for (int digits = 1; digits <= kMostDigits; ++digits) {
    const double scale = std::pow(10.0, digits);
    // A number below the share itself, so that rounding can't put it above.
    const double number = std::ceil(below * scale - 1e-6) - 1.0;
    if (number <= 0.0 || number / scale <= above) continue;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*f", digits, number / scale);
    return text.data();
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", kMostDigits, below);
  return text.data();
}

double share_of(int step) { return static_cast<double>(step) / MaskLevels::kFull; }

/// Returns whether a step has more pixels than all around it: the values of a soft edge or of a blur have neighbours.
bool stands_alone(const MaskLevels& levels, std::size_t at) {
  constexpr int kNear = 6 * kByte;
  const std::vector<int>& steps = levels.steps();
  std::size_t around = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {  // the darkest step is the background
    if (i != at && std::abs(steps[i] - steps[at]) <= kNear) around += levels.count(steps[i]);
  }
  return levels.count(steps[at]) > around;
}

}  // namespace

MaskLevels::MaskLevels(std::vector<std::size_t> counts) : counts_(std::move(counts)) {
  for (std::size_t step = 0; step < kSteps; ++step) {
    if (counts_[step] == 0) continue;
    steps_.push_back(static_cast<int>(step));
    pixels_ += counts_[step];
  }
}

MaskLevels MaskLevels::of_image(const Image& mask) {
  std::vector<std::size_t> counts(kSteps);
  const bool color = mask.color_channels() == 3;
  const bool alpha = mask.has_alpha();
  const int alpha_channel = mask.channels - 1;
  const std::size_t full = mask.max_value();
  const std::size_t unit = mask.bit_depth == 8 ? kByte : 1;
  for_each_pixel(mask, [&](const auto* p) {
    const std::size_t light = color ? luminance(p[0], p[1], p[2]) : p[0];
    const std::size_t step = light * unit;
    ++counts[alpha ? (step * p[alpha_channel] + full / 2) / full : step];
  });
  return MaskLevels(std::move(counts));
}

MaskLevels MaskLevels::of_alpha(const Image& picture) {
  std::vector<std::size_t> counts(kSteps);
  const std::size_t unit = picture.bit_depth == 8 ? kByte : 1;
  const int alpha_channel = picture.channels - 1;
  for_each_pixel(picture, [&](const auto* p) { ++counts[kFull - p[alpha_channel] * unit]; });
  return MaskLevels(std::move(counts));
}

MaskLevels MaskLevels::inverted() const { return MaskLevels({counts_.rbegin(), counts_.rend()}); }

std::optional<std::string> useful_threshold(const MaskLevels& levels) {
  const std::vector<int>& steps = levels.steps();
  if (steps.size() < 2) return std::nullopt;
  if (steps.size() <= kLabels) return short_number(share_of(steps[0]), share_of(steps[1]));
  const int middle = (levels.darkest() + levels.brightest()) / 2;
  const auto next = std::upper_bound(steps.begin(), steps.end() - 1, middle);
  return short_number(share_of(*std::prev(next)), share_of(*next));
}

std::optional<FaintPart> faint_part(const MaskLevels& levels, double threshold) {
  constexpr std::size_t kSmallest = 64;
  const std::vector<int>& steps = levels.steps();
  const auto first_repainted = static_cast<std::size_t>(
      std::find_if(steps.begin(), steps.end(), [&](int step) { return share_of(step) >= threshold; }) - steps.begin());
  std::size_t repainted = 0;
  for (std::size_t i = first_repainted; i < steps.size(); ++i) repainted += levels.count(steps[i]);
  std::size_t at = 0;
  for (std::size_t i = 1; i < first_repainted; ++i) {
    if (at == 0 || levels.count(steps[i]) > levels.count(steps[at])) at = i;
  }
  if (at == 0 || repainted == 0) return std::nullopt;
  const std::size_t pixels = levels.count(steps[at]);
  if (pixels < std::max(kSmallest, repainted / 4)) return std::nullopt;
  if (first_repainted > kLabels && !stands_alone(levels, at)) return std::nullopt;
  return FaintPart{
      .step = steps[at], .pixels = pixels, .threshold = short_number(share_of(steps[at - 1]), share_of(steps[at]))};
}

bool has_values_of_a_photograph(const MaskLevels& levels) {
  constexpr std::size_t kMany = 48;
  std::array<std::size_t, 256> bytes{};
  for (const int step : levels.steps()) bytes[static_cast<std::size_t>(step / kByte)] += levels.count(step);
  const auto used = std::count_if(bytes.begin(), bytes.end(), [](std::size_t count) { return count > 0; });
  if (static_cast<std::size_t>(used) < kMany) return false;
  const int eighth = (levels.brightest() - levels.darkest()) / 8;
  std::size_t between = 0;
  for (const int step : levels.steps()) {
    if (step > levels.darkest() + eighth && step < levels.brightest() - eighth) between += levels.count(step);
  }
  return between > levels.pixels() / 2;
}

bool has_colors_of_a_photograph(const Image& image) {
  if (image.color_channels() != 3) return false;
  constexpr std::size_t kLooked = 65536;
  constexpr std::size_t kMany = 200;
  const std::size_t pixels = pixel_count(image);
  const std::size_t stride = std::max<std::size_t>(1, pixels / kLooked) | 1U;  // odd, so that it goes over all columns
  const int shift = image.bit_depth - 4;
  std::set<unsigned> colors;
  std::size_t colorful = 0;
  std::size_t looked = 0;
  image.samples.visit([&](const auto* samples) {
    for (std::size_t i = 0; i < pixels; i += stride, ++looked) {
      const auto* p = samples + i * static_cast<std::size_t>(image.channels);
      const unsigned r = p[0], g = p[1], b = p[2];
      if (std::max({r, g, b}) - std::min({r, g, b}) < 1U << static_cast<unsigned>(shift)) continue;
      ++colorful;
      colors.insert(((r >> shift) << 8U) | ((g >> shift) << 4U) | (b >> shift));
    }
  });
  return colorful * 4 >= looked && colors.size() >= kMany;
}

}  // namespace zimage

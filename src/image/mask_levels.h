// Looks at the values of a mask, to tell what could be meant by it where it repaints nothing, everything, or too
// little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/mask.h"

namespace zimage {

/// How many pixels of a mask have each share of full scale (see MaskReading), in steps of 1/65535.
class MaskLevels {
 public:
  static constexpr int kFull = 65535;

  /// Counts luminance times alpha, as mask_from_image() reads it, or 1 − alpha, as mask_from_alpha() does.
  static MaskLevels of_image(const Image& mask);
  static MaskLevels of_alpha(const Image& picture);
  /// Returns them as an inverted reading sees them.
  MaskLevels inverted() const;

  std::size_t pixels() const { return pixels_; }
  std::size_t count(int step) const { return counts_[static_cast<std::size_t>(step)]; }
  int darkest() const { return steps_.front(); }
  int brightest() const { return steps_.back(); }
  /// Returns the steps that occur, in rising order. There is at least one.
  const std::vector<int>& steps() const { return steps_; }

 private:
  explicit MaskLevels(std::vector<std::size_t> counts);

  std::vector<std::size_t> counts_;
  std::vector<int> steps_;
  std::size_t pixels_ = 0;
};

/// Returns a --mask-threshold that repaints something and not everything: everything but the darkest step if there are
/// few steps, as in a mask of labels, else what is nearer to the brightest than to the darkest. It has as few digits as
/// possible. Empty if there is only one step.
std::optional<std::string> useful_threshold(const MaskLevels& levels);

/// A flat part of a mask that is brighter than the darkest part, but below the threshold.
struct FaintPart {
  int step = 0;
  std::size_t pixels = 0;
  std::string threshold;  ///< a --mask-threshold that repaints it too
};

/// Finds the largest flat part below `threshold` if it is at least a quarter of what is repainted, and no smaller than
/// 64 pixels. In a mask of many steps it must have more pixels than the steps around it: edges that fade out have
/// neighbours.
std::optional<FaintPart> faint_part(const MaskLevels& levels, double threshold);

/// Returns whether the values are those of a photograph: many, and more than half of the pixels are neither in the
/// darkest eighth nor in the brightest one.
bool has_values_of_a_photograph(const MaskLevels& levels);

/// Returns whether the colours are those of a photograph: many different ones, on at least a quarter of the pixels.
bool has_colors_of_a_photograph(const Image& image);

}  // namespace zimage

// Makes masks from pictures.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "zimage/image.h"

namespace zimage {

/// A colour at an image's own depth. Of a grey image the first value counts.
using MaskColor = std::array<std::uint16_t, 3>;

/// The rules by which a picture's values become a mask.
struct MaskReading {
  double threshold = 0.5;  ///< pixels with at least this share of full scale are repainted
  bool invert = false;     ///< use 1 − share instead of the share
  bool soft = false;       ///< keep the share as Mask::level; then a share of 0 is never repainted
  /// If set, exactly the pixels of this colour are repainted (inverted: all others), whatever the threshold. In a mask
  /// from alpha the first value is that of alpha.
  std::optional<MaskColor> label{};
};

/// Makes a mask in which white repaints: the share is luminance (Rec. 601) times alpha. Inverted, black repaints.
Mask mask_from_image(const Image& image, const MaskReading& reading);

/// Makes a mask in which transparent pixels repaint: the share is 1 − alpha. Inverted, opaque pixels repaint.
/// Errors: kInput if the picture has no alpha.
Mask mask_from_alpha(const Image& picture, const MaskReading& reading);

/// Returns the mask as a grey image, 255 where it repaints, for `--save-mask`.
Image mask_to_image(const Mask& mask);

}  // namespace zimage

// Masks from pictures: which pixels are repainted.
#pragma once

#include "zimage/image.h"

namespace zimage {

/// How a picture's values become a mask.
struct MaskReading {
  double threshold = 0.5;  ///< repaint from this share of full scale on
  bool invert = false;     ///< take the share from 1 first
  bool soft = false;       ///< keep the share as Mask::level; a share of 0 is never repainted
};

/// White repaints: the share is luminance (Rec. 601) times alpha; inverted, black repaints.
Mask mask_from_image(const Image& image, const MaskReading& reading);

/// Transparent repaints: the share is 1 − alpha; inverted, opaque repaints.
/// Errors: kInput if the picture has no alpha.
Mask mask_from_alpha(const Image& picture, const MaskReading& reading);

/// The mask as a grey picture, 255 where repainted, for `--save-mask`.
Image mask_to_image(const Mask& mask);

}  // namespace zimage

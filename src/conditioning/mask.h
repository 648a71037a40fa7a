// Masks: which pixels are repainted.
#pragma once

#include "zimage/image.h"

namespace zimage {

/// White repaints: luminance (Rec. 601) times alpha, as a share of full scale, ≥ `threshold`.
/// With `invert` the share is taken from 1 first, so that black repaints.
Mask mask_from_image(const Image& mask, double threshold, bool invert);

/// Transparent repaints: 1 − alpha ≥ `threshold`; with `invert` opaque repaints.
/// Errors: kInput if the picture has no alpha.
Mask mask_from_alpha(const Image& picture, double threshold, bool invert);

/// Every pixel within `pixels` of a repainted one, from centre to centre. The mask itself for 0.
Mask grow_mask(const Mask& mask, int pixels);

/// The mask as a grey picture, 255 where repainted, for `--save-mask`.
Image mask_to_image(const Mask& mask);

/// Luminance of an RGB sample by Rec. 601, in integers so that grey stays exactly what it is.
std::uint16_t luminance(std::uint16_t red, std::uint16_t green, std::uint16_t blue);

}  // namespace zimage

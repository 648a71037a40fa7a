// Pictures as tensors and back.
#pragma once

#include <ATen/core/Tensor.h>

#include "conditioning/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Colour as [1, 3, H, W] fp32 in [0, 1]; grey is repeated, alpha left out. Of the whole picture, or of a box in it.
at::Tensor to_pixels(const Image& image);
at::Tensor to_pixels(const Image& image, const Box& box);

/// [1, 1, H, W] fp32, 1 = repaint.
at::Tensor to_mask_tensor(const Mask& mask);
at::Tensor to_mask_tensor(const Mask& mask, const Box& box);

/// A soft mask's levels, [1, 1, H, W] fp32 in [0, 1].
at::Tensor to_level_tensor(const Mask& mask, const Box& box);

/// Antialiased bicubic, clamped to [0, 1]; the same tensor if it already has that size. [1, 3, h, w]. Of the whole
/// picture, or of a window in what comes out.
at::Tensor resize_pixels(const at::Tensor& pixels, int height, int width);
at::Tensor resize_pixels(const at::Tensor& pixels, int height, int width, const Box& window);

/// A cell is repainted if any mask pixel that it overlaps is, so that no stroke is lost. [1, 1, h, w].
at::Tensor resize_mask(const at::Tensor& mask, int height, int width);

/// [1, 3, H, W] in [0, 1] → 8-bit RGB, rounded to the nearest level.
Image to_image(const at::Tensor& pixels);

}  // namespace zimage

// Pictures as tensors and back.
#pragma once

#include <ATen/core/Tensor.h>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Colour as [1, 3, H, W] fp32 in [0, 1]; grey is repeated, alpha left out. Of the whole picture, or of a box in it.
at::Tensor to_pixels(const Image& image);
at::Tensor to_pixels(const Image& image, const Box& box);
/// A box of it resized, [1, 3, height, width]: antialiased bicubic, clamped to [0, 1].
at::Tensor to_pixels(const Image& image, const Box& box, int height, int width);

/// [1, 1, H, W] fp32, 1 = repaint.
at::Tensor to_mask_tensor(const Mask& mask);

/// A soft mask's levels, [1, 1, H, W] fp32 in [0, 1].
at::Tensor to_level_tensor(const Mask& mask);

/// What `pixels` ([1, 3, H, W]), resized as above to height × width, have in a window of the result.
at::Tensor resize_pixels(const at::Tensor& pixels, int height, int width, const Box& window);

/// [1, 3, H, W] in [0, 1] → 8-bit RGB, rounded to the nearest level. Or of another depth, or one channel of it.
Image to_image(const at::Tensor& pixels, int channels = 3, int bit_depth = 8);

}  // namespace zimage

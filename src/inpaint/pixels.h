// Converts pictures to tensors and back.
#pragma once

#include <ATen/core/Tensor.h>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Returns the colours of a picture or of a box in it as [1, 3, H, W] fp32 in [0, 1]. Grey is repeated, alpha dropped.
at::Tensor to_pixels(const Image& image);
at::Tensor to_pixels(const Image& image, const Box& box);
/// Returns a box resized to [1, 3, height, width]: antialiased bicubic, clamped to [0, 1].
at::Tensor to_pixels(const Image& image, const Box& box, int height, int width);

/// Returns the mask as [1, 1, H, W] fp32, 1 = repaint.
at::Tensor to_mask_tensor(const Mask& mask);

/// Returns a soft mask's levels as [1, 1, H, W] fp32 in [0, 1].
at::Tensor to_level_tensor(const Mask& mask);

/// Resizes `pixels` ([1, 3, H, W]) to height × width, as above, and returns the part in `window`.
at::Tensor resize_pixels(const at::Tensor& pixels, int height, int width, const Box& window);

/// Converts [1, 3, H, W] in [0, 1] to an image, rounded to the nearest level. With `channels` 1, takes only the first.
Image to_image(const at::Tensor& pixels, int channels = 3, int bit_depth = 8);

}  // namespace zimage

// Antialiased bicubic resampling of a part of a picture, with the numbers of at::_upsample_bicubic2d_aa. That function
// can only resample a whole picture, and takes 100 ms on the CPU to enlarge a large hole's surroundings.
// Source of the kernel: R. Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), a = −1/2,
// widened by the scale when shrinking, and cut off and normalised at the picture's edges.
#pragma once

#include <ATen/core/Tensor.h>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// Resizes `pixels` ([1, C, h, w] fp32, on the CPU) to width × height and returns the part in `window`: [1, C,
/// window.height, window.width], not clamped. The window lies within the resized picture.
at::Tensor resample(const at::Tensor& pixels, int height, int width, const Box& window);

/// Does the first half of that for a box of a picture that shrinks to `height` rows. Returns its colours in [0, 1], not
/// clamped, with grey repeated and alpha dropped, as [1, 3, height, box.width].
at::Tensor shrink_rows(const Image& image, const Box& box, int height);

}  // namespace zimage

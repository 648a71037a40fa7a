// Antialiased bicubic resampling of a part of a picture: at::_upsample_bicubic2d_aa's numbers, which it makes of all of
// the picture or none, and takes 100 ms on the CPU to enlarge a large hole's surroundings.
// Source of the kernel: R. Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), a = −1/2,
// widened by the scale where it shrinks, cut off and normalised at the picture's edges.
#pragma once

#include <ATen/core/Tensor.h>

#include "image/geometry.h"
#include "zimage/image.h"

namespace zimage {

/// What `pixels` ([1, C, h, w] fp32, on the CPU), resized to width × height, has in `window`: [1, C, window.height,
/// window.width], not clamped. The window lies within the picture.
at::Tensor resample(const at::Tensor& pixels, int height, int width, const Box& window);

/// The first half of that for a box of a picture that is to have fewer rows: its colours in [0, 1], not clamped, grey
/// repeated, alpha left out, as [1, 3, height, box.width].
at::Tensor shrink_rows(const Image& image, const Box& box, int height);

}  // namespace zimage

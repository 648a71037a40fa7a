// What a ControlNet is told of the picture.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// The picture with a grey hole, for the VAE: (pixels − 0.5)·keep + 0.5, keep = 1 − mask.
/// pixels [1, 3, H, W] in [0, 1], mask [1, 1, H, W] binary, 1 = repaint.
at::Tensor inpaint_pixels(const at::Tensor& pixels, const at::Tensor& mask);

/// The 33 channels [control 16, keep mask 1, inpaint 16] at latent size: [1, 33, h, w]. The mask channel is 1 − mask by
/// nearest neighbour. Without a control image `control_latents` is undefined and stands as zeros in latent space: the
/// ControlNet was trained with it dropped to that.
at::Tensor inpaint_control_context(const at::Tensor& control_latents, const at::Tensor& mask,
                                   const at::Tensor& inpaint_latents);

}  // namespace zimage

// The control context: what a ControlNet that inpaints sees of the picture and the mask.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// Fills the hole with grey, for the VAE: (pixels − 0.5)·keep + 0.5, keep = 1 − mask.
/// pixels [1, 3, H, W] in [0, 1], mask [1, 1, H, W] binary, 1 = repaint.
at::Tensor inpaint_pixels(const at::Tensor& pixels, const at::Tensor& mask);

/// Builds the 33 channels [control 16, keep mask 1, inpaint 16] at latent size, [1, 33, h, w]. The mask channel is
/// 1 − mask, resized by nearest neighbour. Without a control image, `control_latents` is undefined and zeros take its
/// place in latent space: the ControlNet was trained with it dropped that way.
at::Tensor inpaint_control_context(const at::Tensor& control_latents, const at::Tensor& mask,
                                   const at::Tensor& inpaint_latents);

}  // namespace zimage

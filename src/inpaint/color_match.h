// Matches the hole's colours to the kept pixels around it.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// Returns `decoded` without its slowly varying difference from `original`, measured on the ring of kept pixels around
/// the hole. There both show the same content, so they differ only by a shift of colour from the VAE or the model. A
/// membrane over cells of 4×4 pixels carries the shift smoothly into the hole, after the gradient-domain blending of
/// Pérez, Gangnet and Blake, "Poisson Image Editing" (2003).
/// A large difference is other content, not a shift: its weight falls from about 20 levels of 255 on and vanishes far
/// beyond, so no correction exceeds 16 levels. The result is `decoded` bit for bit if the ring agrees or is empty.
/// decoded, original [1, 3, h, w] in [0, 1]; mask [1, 1, h, w], 1 = repaint; all fp32 on the CPU.
at::Tensor match_color(const at::Tensor& decoded, const at::Tensor& original, const at::Tensor& mask);

}  // namespace zimage

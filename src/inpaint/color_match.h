// The hole's colours matched to the kept pixels around it.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// `decoded` with its slow difference from `original` taken out, as far as the ring of kept pixels around the hole
/// shows it. There both show the same content, so what differs is a shift of colour by the VAE or the model; the shift
/// is carried smoothly into the hole by a membrane over cells of 4×4 pixels, after the gradient-domain blending of
/// Pérez, Gangnet and Blake, "Poisson Image Editing" (2003).
/// Large differences are other content, not a shift: they count less from about 20 levels of 255 on and nothing when
/// far beyond, so that no correction exceeds 16 levels. Bit for bit `decoded` where the ring agrees or there is none.
/// decoded, original [1, 3, h, w] in [0, 1], mask [1, 1, h, w], 1 = repaint, all fp32 on the CPU.
at::Tensor match_color(const at::Tensor& decoded, const at::Tensor& original, const at::Tensor& mask);

}  // namespace zimage

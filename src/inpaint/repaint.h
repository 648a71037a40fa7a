// RePaint for flow matching: after every step the kept part is put back at the step's noise level.
// Source: RePaint, arXiv 2201.09865, with the flow-matching interpolation in place of its diffusion; soft masks after
// Differential Diffusion, arXiv 2306.00950, where a pixel's level decides how long it is held.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage {

/// Max-pools a pixel mask [1, 1, H, W] to latent cells [1, 1, H/8, W/8]: a cell that a stroke touches is repainted.
at::Tensor latent_mask(const at::Tensor& mask);

/// Returns x_σ = σ·noise + (1 − σ)·latent.
at::Tensor noised(const at::Tensor& latent, const at::Tensor& noise, double sigma);

/// Puts the kept part back into the latents.
struct RepaintBlend {
  at::Tensor mask;     ///< [1, 1, h, w], 1 = repaint
  at::Tensor latent;   ///< the region's pixels encoded without the mask, [1, 16, h, w]
  at::Tensor noise;    ///< the noise that started the sampling
  at::Tensor level{};  ///< soft mask, [1, 1, h, w]: a cell is held while σ ≥ level, at level 1 never; undefined: hard

  /// Returns m·x + (1 − m)·noised(latent, noise, sigma) for x at noise level `sigma`; m is the mask, or for a soft mask
  /// the cells that are no longer held.
  at::Tensor operator()(const at::Tensor& x, double sigma) const;
};

}  // namespace zimage

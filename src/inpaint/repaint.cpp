#include "inpaint/repaint.h"

#include <ATen/ATen.h>

namespace zimage {

at::Tensor latent_mask(const at::Tensor& mask) { return at::max_pool2d(mask, {8, 8}, {8, 8}); }

at::Tensor noised(const at::Tensor& latent, const at::Tensor& noise, double sigma) {
  return noise * sigma + latent * (1.0 - sigma);
}

at::Tensor RepaintBlend::operator()(const at::Tensor& x, double sigma) const {
  const at::Tensor free = level.defined() ? at::logical_or(level > sigma, level >= 1.0).to(x.scalar_type()) : mask;
  return free * x + (1.0 - free) * noised(latent, noise, sigma);
}

}  // namespace zimage

#include "inpaint/control_context.h"

#include <ATen/ATen.h>

namespace zimage {

at::Tensor inpaint_pixels(const at::Tensor& pixels, const at::Tensor& mask) {
  return (pixels - 0.5) * (1.0 - mask) + 0.5;
}

at::Tensor inpaint_control_context(const at::Tensor& control_latents, const at::Tensor& mask,
                                   const at::Tensor& inpaint_latents) {
  const at::Tensor control = control_latents.defined() ? control_latents : at::zeros_like(inpaint_latents);
  const at::Tensor keep = at::upsample_nearest2d(1.0 - mask, {inpaint_latents.size(2), inpaint_latents.size(3)});
  return at::cat({control, keep, inpaint_latents}, 1);
}

}  // namespace zimage

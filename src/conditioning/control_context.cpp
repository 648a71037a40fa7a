#include "conditioning/control_context.h"

#include <ATen/ATen.h>

namespace zimage {
namespace {

constexpr std::int64_t kCell = 8;

/// Sets every pixel to the largest value of the square of `side` that begins `before` pixels above and left of it.
at::Tensor largest_around(const at::Tensor& plane, std::int64_t side, std::int64_t before, double beyond_the_border) {
  const std::int64_t after = side - 1 - before;
  const at::Tensor padded = at::constant_pad_nd(plane, {before, after, before, after}, beyond_the_border);
  return at::max_pool2d(at::max_pool2d(padded, {side, 1}, {1, 1}), {1, side}, {1, 1});
}

/// The cells touched by strokes so thin that sampling a pixel a cell can pass them by. Where a square of 8×8 fits into
/// the mask one of its pixels is sampled; a stroke is what lies further than a cell from all such squares, so that the
/// rounded rim of a thick hole is none. [1, 1, h, w].
at::Tensor stroke_cells(const at::Tensor& mask) {
  const at::Tensor corners = 1.0 - largest_around(1.0 - mask, kCell, 0, 1.0);  // of the squares that fit
  const at::Tensor near = largest_around(corners, 3 * kCell, 2 * kCell - 1, 0.0);
  return at::max_pool2d(mask * (1.0 - near), {kCell, kCell}, {kCell, kCell});
}

}  // namespace

at::Tensor inpaint_pixels(const at::Tensor& pixels, const at::Tensor& mask) {
  return (pixels - 0.5) * (1.0 - mask) + 0.5;
}

at::Tensor inpaint_control_context(const at::Tensor& control_latents, const at::Tensor& mask,
                                   const at::Tensor& inpaint_latents) {
  const at::Tensor control = control_latents.defined() ? control_latents : at::zeros_like(inpaint_latents);
  const at::Tensor sampled = at::upsample_nearest2d(1.0 - mask, {inpaint_latents.size(2), inpaint_latents.size(3)});
  const at::Tensor keep = sampled * (1.0 - stroke_cells(mask));
  return at::cat({control, keep, inpaint_latents}, 1);
}

}  // namespace zimage

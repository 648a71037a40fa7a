#include <ATen/ATen.h>

#include "nn/fp8/fp8_product.h"
#include "nn/kernels/args.h"

namespace zimage::nn::twin {

Fp8Rows quantise_fp8(const at::Tensor& x) {
  const at::Tensor values = x.to(at::kFloat);
  const at::Tensor magnitude = values.abs().amax(1, /*keepdim=*/true);
  const at::Tensor tiny = magnitude < kernels::kSmallestFp8;
  const at::Tensor unusable = at::logical_or(tiny, magnitude.isfinite().logical_not());
  // A number in its place would be multiplied by an inverse, or divided in fp64.
  const at::Tensor largest = at::full({}, kernels::kLargestFp8, magnitude.options());
  const at::Tensor scaled = (values * (largest / magnitude)).masked_fill_(unusable, 0.0);
  return {scaled.clamp_(-kernels::kLargestFp8, kernels::kLargestFp8).to(at::kFloat8_e4m3fn),
          (magnitude / largest).masked_fill_(tiny, 0.0)};
}

at::Tensor multiply_fp8(const Fp8Rows& rows, const Fp8Rows& matrix, at::ScalarType dtype) {
  const at::Tensor sums = at::matmul(rows.codes.to(at::kFloat), matrix.codes.to(at::kFloat).t());
  return (sums * matrix.scales.t() * rows.scales).to(dtype);
}

}  // namespace zimage::nn::twin

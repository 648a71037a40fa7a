#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "nn/int8/int8_kernels.h"
#include "nn/int8/int8_product.h"

namespace zimage::nn::twin {
namespace {

/// Multiplies by the unnormalised Hadamard matrix, adding in the kernel's order.
at::Tensor rotate(at::Tensor x, std::int64_t group) {
  const auto shape = x.sizes().vec();
  for (std::int64_t stride = 1; stride < group; stride *= 4) {
    const std::vector<at::Tensor> a = x.view({-1, 4, stride}).unbind(1);
    const at::Tensor sum01 = a[0] + a[1], difference01 = a[0] - a[1], sum23 = a[2] + a[3], difference23 = a[2] - a[3];
    x = at::stack({sum01 + difference23, sum01 - difference23, difference01 + sum23, sum23 - difference01}, 1);
  }
  return x.view(shape);
}

}  // namespace

std::pair<at::Tensor, at::Tensor> quantise_rows(const at::Tensor& x, std::int64_t rotation) {
  at::Tensor values = x.to(at::kFloat).contiguous();
  if (rotation > 0) values = rotate(values, rotation);
  const at::Tensor magnitude = values.abs().amax(1);
  const at::Tensor tiny = magnitude < cpu::kInt8Smallest;
  const at::Tensor largest = at::full({}, 127.0F);  // a number in its place would be multiplied by an inverse
  const at::Tensor inverse = (largest / magnitude).masked_fill(tiny, 0.0);
  const at::Tensor whole = (values * inverse.unsqueeze(1)).round_().nan_to_num(-127.0).clamp_(-127.0, 127.0);
  at::Tensor scale = (magnitude / largest).masked_fill(tiny, 0.0);
  if (rotation > 0) scale = scale / std::sqrt(static_cast<double>(rotation));
  return {(whole + cpu::kInt8Zero).to(at::kByte), scale};
}

at::Tensor multiply(const std::pair<at::Tensor, at::Tensor>& rows, const at::Tensor& codes, const at::Tensor& scales,
                    at::ScalarType dtype) {
  // Sums of whole numbers below 2^53 are exact in fp64.
  const at::Tensor whole = rows.first.to(at::kDouble) - cpu::kInt8Zero;
  const at::Tensor sums = at::matmul(whole, codes.to(at::kDouble).t()).to(at::kInt).to(at::kFloat);
  return (sums * scales * rows.second.unsqueeze(1)).to(dtype);
}

}  // namespace zimage::nn::twin

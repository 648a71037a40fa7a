#include "nn/quantised/quantise.h"

#include <ATen/ATen.h>

#include <cmath>

namespace zimage::nn {
namespace {

constexpr double kLargestFp8 = 448.0;
constexpr double kLargestInt8 = 127.0;

/// Multiplies every group of columns by the regular Hadamard matrix of that size, which is symmetric and its own
/// inverse. Source: comfy-kitchen's convrot layout.
at::Tensor rotate(const at::Tensor& weight, std::int64_t group) {
  const at::Tensor h4 =
      at::tensor({1.0f, 1.0f, 1.0f, -1.0f, 1.0f, 1.0f, -1.0f, 1.0f, 1.0f, -1.0f, 1.0f, 1.0f, -1.0f, 1.0f, 1.0f, 1.0f})
          .view({4, 4});
  at::Tensor matrix = h4;
  while (matrix.size(0) < group) matrix = at::kron(matrix, h4);
  matrix = matrix / std::sqrt(static_cast<double>(group));
  return at::matmul(weight.view({-1, group}), matrix).view(weight.sizes());
}

/// Returns the factors that map each largest magnitude to `largest`; 1 for zeros, so that no scale is 0.
at::Tensor scale_of(const at::Tensor& magnitude, double largest) {
  const at::Tensor scale = magnitude / largest;
  return at::where(scale > 0, scale, at::ones_like(scale));
}

}  // namespace

std::int64_t rotation_group(std::int64_t columns) {
  for (const std::int64_t group : {256, 64, 16}) {
    if (columns % group == 0) return group;
  }
  return 0;
}

StoredWeight quantise_fp8(const at::Tensor& weight) {
  const at::Tensor scale = scale_of(weight.abs().amax(), kLargestFp8);
  const at::Tensor values = (weight / scale).clamp_(-kLargestFp8, kLargestFp8).to(at::kFloat8_e4m3fn);
  return {.encoding = Encoding::kF8E4M3, .shape = weight.sizes().vec(), .data = values.view(at::kByte), .scale = scale};
}

StoredWeight quantise_int8(const at::Tensor& weight) {
  const std::int64_t group = rotation_group(weight.size(1));
  const at::Tensor rotated = group > 0 ? rotate(weight, group) : weight;
  const at::Tensor scale = scale_of(rotated.abs().amax(1), kLargestInt8);
  const at::Tensor values =
      (rotated / scale.unsqueeze(1)).round_().clamp_(-kLargestInt8, kLargestInt8).to(at::kChar).view(at::kByte);
  return {
      .encoding = Encoding::kInt8, .shape = weight.sizes().vec(), .data = values, .scale = scale, .rotation = group};
}

}  // namespace zimage::nn

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "nn/quantised/dequantise.h"
#include "nn/quantised/scaled_kernels.h"

namespace zimage::nn::twin {
namespace {

/// Returns the scale in a shape that multiplies [rows, columns].
at::Tensor factor_of(const StoredWeight& weight) {
  return weight.scale.dim() == 0 ? weight.scale : weight.scale.unsqueeze(1);
}

at::Tensor e8m0(const at::Tensor& bytes) {
  const at::Tensor exponent = bytes.to(at::kInt);
  at::Tensor bits = exponent.bitwise_left_shift(23);
  bits = bits.masked_fill(exponent == 0, 0x00400000).masked_fill(exponent == 0xFF, 0x7FC00000);
  return bits.view(at::kFloat);
}

/// Returns the scales' bytes in the order of rows and blocks: see BlockScales in scaled_rows.cpp.
at::Tensor block_bytes(const StoredWeight& weight, std::int64_t block) {
  const auto options = at::TensorOptions(at::kLong).device(weight.data.device());
  const std::int64_t blocks = weight.columns() / block;
  const at::Tensor row = at::arange(weight.block_scale_row, weight.block_scale_row + weight.row_count(), options);
  const at::Tensor column = at::arange(blocks, options);
  const auto quotient = [](const at::Tensor& n, std::int64_t by) { return n.div(by, "floor"); };
  const at::Tensor start = quotient(row, 128) * (128 * weight.block_scale.size(1)) + row.remainder(32) * 16 +
                           quotient(row.remainder(128), 32) * 4;
  const at::Tensor index = start.unsqueeze(1) + quotient(column, 4) * 512 + column.remainder(4);
  return weight.block_scale.flatten().index_select(0, index.flatten()).view({weight.row_count(), blocks, 1});
}

at::Tensor dequantise_nvfp4(const StoredWeight& weight) {
  const at::Tensor bytes = weight.data.narrow(1, 0, weight.columns() / 2);
  const at::Tensor codes = at::stack({bytes.bitwise_right_shift(4), bytes.bitwise_and(15)}, -1).to(at::kInt);
  const at::Tensor table = at::from_blob(const_cast<float*>(cpu::kE2M1.data()), {16}, at::kFloat)
                               .to(weight.data.device(), at::kFloat, false, true);
  const at::Tensor values = table.index_select(0, codes.flatten()).view({weight.row_count(), -1, 16});
  at::Tensor factor = block_bytes(weight, 16).view(at::kFloat8_e4m3fn).to(at::kFloat);
  if (weight.scale.defined()) factor = weight.scale * factor;
  return (values * factor).flatten(1);
}

at::Tensor dequantise_mxfp8(const StoredWeight& weight, const at::Tensor& bytes) {
  const at::Tensor values = bytes.contiguous().view(at::kFloat8_e4m3fn).to(at::kFloat);
  return (values.view({weight.row_count(), -1, 32}) * e8m0(block_bytes(weight, 32))).flatten(1);
}

/// Multiplies by the unnormalised Hadamard matrix, in integers: their sums are exact, whatever their order.
at::Tensor rotate(at::Tensor codes, std::int64_t group) {
  const auto shape = codes.sizes().vec();
  for (std::int64_t stride = 1; stride < group; stride *= 4) {
    const std::vector<at::Tensor> x = codes.view({-1, 4, stride}).unbind(1);
    const at::Tensor sum = x[0] + x[1] + x[2] + x[3];
    codes = at::stack({sum - 2 * x[3], sum - 2 * x[2], sum - 2 * x[1], sum - 2 * x[0]}, 1);
  }
  return codes.view(shape);
}

at::Tensor dequantise_int8(const StoredWeight& weight, const at::Tensor& bytes) {
  const at::Tensor codes = bytes.view(at::kChar);
  if (weight.rotation == 0)
    return weight.scale.defined() ? codes.to(at::kFloat) * factor_of(weight) : codes.to(at::kFloat);
  const at::Tensor sums = rotate(codes.to(at::kInt).contiguous(), weight.rotation).to(at::kFloat);
  const double norm = 1.0 / std::sqrt(static_cast<double>(weight.rotation));
  return weight.scale.defined() ? sums * (factor_of(weight) * norm) : sums * norm;
}

}  // namespace

at::Tensor dequantise_scaled(const StoredWeight& weight) {
  const at::Tensor bytes =
      weight.encoding == Encoding::kNVFP4 ? weight.data : weight.data.narrow(1, 0, weight.columns());
  at::Tensor out;
  switch (weight.encoding) {
    case Encoding::kF8E4M3: out = bytes.view(at::kFloat8_e4m3fn).to(at::kFloat); break;
    case Encoding::kF8E5M2: out = bytes.view(at::kFloat8_e5m2).to(at::kFloat); break;
    case Encoding::kNVFP4: out = dequantise_nvfp4(weight); break;
    case Encoding::kMXFP8: out = dequantise_mxfp8(weight, bytes); break;
    default: out = dequantise_int8(weight, bytes);
  }
  const bool fp8 = weight.encoding == Encoding::kF8E4M3 || weight.encoding == Encoding::kF8E5M2;
  if (fp8 && weight.scale.defined()) out = out * factor_of(weight);
  return weight.column_scale.defined() ? out * weight.column_scale : out;
}

}  // namespace zimage::nn::twin

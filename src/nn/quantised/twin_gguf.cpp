#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "nn/quantised/dequantise.h"

// Blocks are uint8 [n, bytes]; a function makes fp32 [n, values] of them. gguf_blocks.cpp says why no order of the
// operations changes a bit.

namespace zimage::nn::twin {
namespace {

using at::Tensor;

Tensor bytes(const Tensor& blocks, std::int64_t begin, std::int64_t count) { return blocks.narrow(1, begin, count); }

/// Returns bytes as signed numbers: [n, count].
Tensor int8s(const Tensor& blocks, std::int64_t begin, std::int64_t count) {
  return bytes(blocks, begin, count).view(at::kChar).to(at::kFloat);
}

/// Returns the fp16 number at a place of each block: [n, 1].
Tensor half(const Tensor& blocks, std::int64_t at) {
  return bytes(blocks, at, 2).contiguous().view(at::kHalf).to(at::kFloat);
}

/// Returns `width` bits of each byte at each of the shifts 0, step, 2 · step, … below `end`: one more dimension, in
/// front of the bytes' own, [..., shifts, count].
Tensor bits(const Tensor& data, std::int64_t step, std::int64_t width, std::int64_t end = 8) {
  const Tensor shifts = at::arange(0, end, step, data.options()).view({-1, 1});
  return data.unsqueeze(-2).bitwise_right_shift(shifts).bitwise_and((1 << width) - 1);
}

Tensor flat(const Tensor& values) { return values.flatten(1); }

/// Returns 32 quants of 4 bits from 16 bytes: [n, 32].
Tensor nibbles(const Tensor& blocks, std::int64_t begin) { return flat(bits(bytes(blocks, begin, 16), 4, 4)); }

/// The same with a fifth bit from the 4 bytes at `high`.
Tensor nibbles_5(const Tensor& blocks, std::int64_t begin, std::int64_t high) {
  // Bit i belongs to quant i, so the bytes come first and their bits last.
  const Tensor fifth = flat(bits(bytes(blocks, high, 4), 1, 1).transpose(1, 2));
  return nibbles(blocks, begin).bitwise_or(fifth.bitwise_left_shift(4));
}

Tensor levels(const Tensor& quants) {
  static constexpr float kLevels[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const Tensor table = at::tensor(at::ArrayRef<float>(kLevels, 16), at::kFloat).to(quants.device());
  return table.index_select(0, quants.to(at::kInt).flatten()).view_as(quants);
}

/// Multiplies parts by their scales: [n, parts · length] by [n, parts].
Tensor scaled(const Tensor& quants, const Tensor& scales) {
  return quants.to(at::kFloat).view({quants.size(0), scales.size(1), -1}) * scales.unsqueeze(2);
}

/// The scales and the minima of the eight parts of Q4_K and Q5_K: [n, 8] each.
std::pair<Tensor, Tensor> part_scales(const Tensor& blocks) {
  const Tensor a = bytes(blocks, 4, 4), b = bytes(blocks, 8, 4), c = bytes(blocks, 12, 4);
  const auto upper = [](const Tensor& t) { return t.bitwise_right_shift(2).bitwise_and(48); };
  const Tensor scales = at::cat({a.bitwise_and(63), c.bitwise_and(15).bitwise_or(upper(a))}, 1);
  const Tensor minima = at::cat({b.bitwise_and(63), c.bitwise_right_shift(4).bitwise_or(upper(b))}, 1);
  return {half(blocks, 0) * scales.to(at::kFloat), half(blocks, 2) * minima.to(at::kFloat)};
}

/// Returns [n, 256] of bytes in groups: of each group of `group` bytes the quants at the lowest bits come first.
Tensor grouped(const Tensor& data, std::int64_t group, std::int64_t width) {
  return flat(bits(data.unflatten(1, {-1, group}), width, width));
}

Tensor q2_k(const Tensor& blocks) {
  const Tensor scales = bytes(blocks, 0, 16);
  const Tensor low = half(blocks, 80) * scales.bitwise_and(15).to(at::kFloat);
  const Tensor minima = half(blocks, 82) * scales.bitwise_right_shift(4).to(at::kFloat);
  return scaled(grouped(bytes(blocks, 16, 64), 32, 2), low) - minima.unsqueeze(2);
}

Tensor q3_k(const Tensor& blocks) {
  const Tensor low = flat(bits(bytes(blocks, 96, 8), 4, 4));
  const Tensor high = flat(bits(bytes(blocks, 104, 4), 2, 2));
  const Tensor scales = half(blocks, 108) * (low.bitwise_or(high.bitwise_left_shift(4)).to(at::kFloat) - 32);
  const Tensor bit = flat(bits(bytes(blocks, 0, 32), 1, 1));
  const Tensor quants = grouped(bytes(blocks, 32, 64), 32, 2).bitwise_or(bit.bitwise_left_shift(2));
  return scaled(quants.to(at::kFloat) - 4, scales);
}

Tensor q4_k(const Tensor& blocks) {
  const auto [scales, minima] = part_scales(blocks);
  return scaled(grouped(bytes(blocks, 16, 128), 32, 4), scales) - minima.unsqueeze(2);
}

Tensor q5_k(const Tensor& blocks) {
  const auto [scales, minima] = part_scales(blocks);
  const Tensor fifth = flat(bits(bytes(blocks, 16, 32), 1, 1));
  const Tensor quants = grouped(bytes(blocks, 48, 128), 32, 4).bitwise_or(fifth.bitwise_left_shift(4));
  return scaled(quants, scales) - minima.unsqueeze(2);
}

Tensor q6_k(const Tensor& blocks) {
  const Tensor high = grouped(bytes(blocks, 128, 64), 32, 2);
  const Tensor quants = grouped(bytes(blocks, 0, 128), 64, 4).bitwise_or(high.bitwise_left_shift(4));
  return scaled(quants.to(at::kFloat) - 32, half(blocks, 208) * int8s(blocks, 192, 16));
}

Tensor iq4_xs(const Tensor& blocks) {
  const Tensor low = flat(bits(bytes(blocks, 4, 4), 4, 4).transpose(1, 2));
  const Tensor high = flat(bits(bytes(blocks, 2, 2), 2, 2).transpose(1, 2));
  const Tensor scales = half(blocks, 0) * (low.bitwise_or(high.bitwise_left_shift(4)).to(at::kFloat) - 32);
  return scaled(levels(grouped(bytes(blocks, 8, 128), 16, 4)), scales);
}

Tensor of_blocks(Encoding encoding, const Tensor& blocks) {
  const auto number = [](const Tensor& quants) { return quants.to(at::kFloat); };
  switch (encoding) {
    case Encoding::kQ4_0: return half(blocks, 0) * (number(nibbles(blocks, 2)) - 8);
    case Encoding::kQ4_1: return half(blocks, 0) * number(nibbles(blocks, 4)) + half(blocks, 2);
    case Encoding::kQ5_0: return half(blocks, 0) * (number(nibbles_5(blocks, 6, 2)) - 16);
    case Encoding::kQ5_1: return half(blocks, 0) * number(nibbles_5(blocks, 8, 4)) + half(blocks, 2);
    case Encoding::kQ8_0: return half(blocks, 0) * int8s(blocks, 2, 32);
    case Encoding::kIQ4_NL: return half(blocks, 0) * levels(nibbles(blocks, 2));
    case Encoding::kQ2_K: return q2_k(blocks);
    case Encoding::kQ3_K: return q3_k(blocks);
    case Encoding::kQ4_K: return q4_k(blocks);
    case Encoding::kQ5_K: return q5_k(blocks);
    case Encoding::kQ6_K: return q6_k(blocks);
    case Encoding::kIQ4_XS: return iq4_xs(blocks);
    default: TORCH_CHECK(false, "this encoding has no blocks of GGUF");
  }
}

}  // namespace

at::Tensor dequantise_gguf(Encoding encoding, const at::Tensor& data) {
  const EncodingInfo& info = info_of(encoding);
  const std::int64_t rows = data.size(0);
  const std::int64_t columns = data.size(1) / info.block_bytes * info.block_values;
  if (rows * columns == 0) return at::empty({rows, columns}, data.options().dtype(at::kFloat));
  return of_blocks(encoding, data.reshape({-1, info.block_bytes})).reshape({rows, columns});
}

}  // namespace zimage::nn::twin

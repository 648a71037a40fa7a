// GroupNorm of channels-last maps, with SiLU. Means and squared distances are taken over parts of a few cells, where
// fp32 suffices, and then put together (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
// computing sample variances", 1979): a difference of two large sums would lose the digits of a small variance.
#pragma once

#include "nn/kernels/element.h"

namespace zimage::nn::kernels {

ZIMAGE_KERNEL i64 parts_of(i64 cells, i64 part_cells) { return (cells + part_cells - 1) / part_cells; }

ZIMAGE_KERNEL i64 cells_in_part(i64 part, i64 cells, i64 part_cells) {
  const i64 left = cells - part * part_cells;
  return left < part_cells ? left : part_cells;
}

/// Writes each channel's mean over so many cells, and the sum of the squared distances from it.
template <int kCount, class T, class Group>
ZIMAGE_KERNEL void group_norm_part(Group g, float* means, float* squares, const T* x, i64 channels, i64 cells) {
  g.each(channels / kCount, [=](i64 i) {
    const T* column = x + i * kCount;
    float mean[kCount], square[kCount], v[kCount];
    for (int k = 0; k < kCount; ++k) mean[k] = square[k] = 0.0F;
    for (i64 cell = 0; cell < cells; ++cell) {
      read<kCount>(column + cell * channels, v);
      for (int k = 0; k < kCount; ++k) mean[k] += v[k];
    }
    for (int k = 0; k < kCount; ++k) mean[k] = mean[k] / static_cast<float>(cells);
    for (i64 cell = 0; cell < cells; ++cell) {
      read<kCount>(column + cell * channels, v);
      for (int k = 0; k < kCount; ++k) square[k] += (v[k] - mean[k]) * (v[k] - mean[k]);
    }
    write<kCount>(means + i * kCount, mean);
    write<kCount>(squares + i * kCount, square);
  });
}

template <int kCount, class T, class Group>
ZIMAGE_KERNEL void group_norm_cell(Group g, T* out, const T* x, const float* scale, const float* shift,
                                   const GroupNormApplyArgs& a) {
  const bool with_silu = a.silu != 0, round_between = a.round_between != 0;
  g.each(a.channels / kCount, [=](i64 i) {
    const i64 at = i * kCount;
    float v[kCount], s[kCount], t[kCount];
    read<kCount>(x + at, v);
    read<kCount>(scale + at, s);
    read<kCount>(shift + at, t);
    for (int k = 0; k < kCount; ++k) {
      v[k] = v[k] * s[k] + t[k];
      if (round_between) v[k] = rounded<T>(v[k]);
      if (with_silu) v[k] = silu(v[k]);
    }
    write<kCount>(out + at, v);
  });
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void group_norm_parts(Group g, const GroupNormPartsArgs& a, i64 row) {
  const i64 parts = parts_of(a.cells, a.part_cells);
  const i64 image = row / parts, part = row % parts;
  const T* x = static_cast<const T*>(a.x) + (image * a.cells + part * a.part_cells) * a.channels;
  const i64 cells = cells_in_part(part, a.cells, a.part_cells);
  float* means = a.parts + row * 2 * a.channels;
  float* squares = means + a.channels;
  if (takes_packs(x, a.channels) && takes_packs(means, a.channels)) {
    group_norm_part<kPack>(g, means, squares, x, a.channels, cells);
  } else {
    group_norm_part<1>(g, means, squares, x, a.channels, cells);
  }
}

template <class T, class Group>
ZIMAGE_KERNEL void group_norm_affine(Group g, const GroupNormAffineArgs& a, i64 row) {
  const i64 image = row / a.groups, group = row % a.groups;
  const i64 width = a.channels / a.groups;
  const i64 count = parts_of(a.cells, a.part_cells);
  const i64 channels = a.channels, all_cells = a.cells, part_cells = a.part_cells;
  const float* parts = a.parts + image * count * 2 * channels + group * width;
  const float numbers = static_cast<float>(all_cells) * static_cast<float>(width);
  const float sum = g.sum(count * width, [=](i64 i) {
    const i64 part = i / width;
    return static_cast<float>(cells_in_part(part, all_cells, part_cells)) * parts[part * 2 * channels + i % width];
  });
  const float mean = sum / numbers;
  const float squares = g.sum(count * width, [=](i64 i) {
    const i64 part = i / width;
    const float* at = parts + part * 2 * channels + i % width;
    const float distance = at[0] - mean;
    return at[channels] + static_cast<float>(cells_in_part(part, all_cells, part_cells)) * (distance * distance);
  });
  const float r = 1.0F / square_root(squares / numbers + a.eps);
  const T* weight = static_cast<const T*>(a.weight) + group * width;
  const T* bias = static_cast<const T*>(a.bias) + group * width;
  float* scale = a.affine + image * 2 * channels + group * width;
  g.each(width, [=](i64 i) {
    scale[i] = value_of(weight[i]) * r;
    scale[channels + i] = value_of(bias[i]) - mean * scale[i];
  });
}

template <class T, class Group>
ZIMAGE_KERNEL void group_norm_apply(Group g, const GroupNormApplyArgs& a, i64 row) {
  const T* x = static_cast<const T*>(a.x) + row * a.channels;
  T* out = static_cast<T*>(a.out) + row * a.channels;
  const float* scale = a.affine + row / a.cells * 2 * a.channels;
  const float* shift = scale + a.channels;
  if (takes_packs(x, a.channels) && takes_packs(out, a.channels) && takes_packs(scale, a.channels)) {
    group_norm_cell<kPack>(g, out, x, scale, shift, a);
  } else {
    group_norm_cell<1>(g, out, x, scale, shift, a);
  }
}

}  // namespace bodies

}  // namespace zimage::nn::kernels

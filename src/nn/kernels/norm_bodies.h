// Norms over a row, with a factor or as a gated residual. They round where the ATen operations of nn::twin do: after
// the norm, after the weight, after the scale or gate.
#pragma once

#include "nn/kernels/element.h"

namespace zimage::nn::kernels {

/// Returns 1 / sqrt(mean(x²) + eps).
template <int kCount, class T, class Group>
ZIMAGE_KERNEL float inverse_rms(Group g, const T* x, i64 dim, float eps) {
  const float sum = g.sum(dim / kCount, [=](i64 i) {
    float v[kCount];
    read<kCount>(x + i * kCount, v);
    float squares = v[0] * v[0];
    for (int k = 1; k < kCount; ++k) squares += v[k] * v[k];
    return squares;
  });
  return 1.0F / square_root(sum / static_cast<float>(dim) + eps);
}

/// Returns what ATen would keep of x · r · weight.
template <class T>
ZIMAGE_KERNEL float weighted(float x, float r, float weight) {
  return rounded<T>(rounded<T>(x * r) * weight);
}

/// Writes x · r · weight · scale.
template <int kCount, class T, class Group>
ZIMAGE_KERNEL void write_norm(Group g, T* out, const T* x, const T* weight, const T* scale, i64 dim, float r) {
  g.each(dim / kCount, [=](i64 i) {
    const i64 at = i * kCount;
    float v[kCount], w[kCount], s[kCount];
    read<kCount>(x + at, v);
    read<kCount>(weight + at, w);
    if (scale != nullptr) read<kCount>(scale + at, s);
    for (int k = 0; k < kCount; ++k) {
      v[k] = weighted<T>(v[k], r, w[k]);
      if (scale != nullptr) v[k] = v[k] * s[k];
    }
    write<kCount>(out + at, v);
  });
}

/// Writes x + gate · (y · r · weight) to x.
template <int kCount, class T, class Group>
ZIMAGE_KERNEL void add_norm(Group g, T* x, const T* y, const T* weight, const T* gate, i64 dim, float r) {
  g.each(dim / kCount, [=](i64 i) {
    const i64 at = i * kCount;
    float v[kCount], n[kCount], w[kCount], f[kCount];
    read<kCount>(x + at, v);
    read<kCount>(y + at, n);
    read<kCount>(weight + at, w);
    if (gate != nullptr) read<kCount>(gate + at, f);
    for (int k = 0; k < kCount; ++k) {
      n[k] = weighted<T>(n[k], r, w[k]);
      if (gate != nullptr) n[k] = rounded<T>(f[k] * n[k]);
      v[k] = v[k] + n[k];
    }
    write<kCount>(x + at, v);
  });
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void norm(Group g, const NormArgs& a, i64 row) {
  const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
  T* out = static_cast<T*>(a.out) + row * a.out_stride;
  const T* weight = static_cast<const T*>(a.weight);
  const T* scale = static_cast<const T*>(a.scale);
  const bool packed = a.dim % kPack == 0 && takes_packs(x, a.x_stride) && takes_packs(out, a.out_stride) &&
                      takes_packs(weight, 0) && takes_packs(scale, 0);
  if (packed) {
    write_norm<kPack>(g, out, x, weight, scale, a.dim, inverse_rms<kPack>(g, x, a.dim, a.eps));
  } else {
    write_norm<1>(g, out, x, weight, scale, a.dim, inverse_rms<1>(g, x, a.dim, a.eps));
  }
}

template <class T, class Group>
ZIMAGE_KERNEL void add_gated_norm(Group g, const AddGatedNormArgs& a, i64 row) {
  T* x = static_cast<T*>(a.x) + row * a.x_stride;
  const T* y = static_cast<const T*>(a.y) + row * a.y_stride;
  const T* weight = static_cast<const T*>(a.weight);
  const T* gate = static_cast<const T*>(a.gate);
  const bool packed = a.dim % kPack == 0 && takes_packs(x, a.x_stride) && takes_packs(y, a.y_stride) &&
                      takes_packs(weight, 0) && takes_packs(gate, 0);
  if (packed) {
    add_norm<kPack>(g, x, y, weight, gate, a.dim, inverse_rms<kPack>(g, y, a.dim, a.eps));
  } else {
    add_norm<1>(g, x, y, weight, gate, a.dim, inverse_rms<1>(g, y, a.dim, a.eps));
  }
}

template <class T, class Group>
ZIMAGE_KERNEL void add_gated_norm_then_norm(Group g, const AddGatedNormThenNormArgs& a, i64 row) {
  T* x = static_cast<T*>(a.add.x) + row * a.add.x_stride;
  const T* y = static_cast<const T*>(a.add.y) + row * a.add.y_stride;
  const T* weight = static_cast<const T*>(a.add.weight);
  const T* gate = static_cast<const T*>(a.add.gate);
  T* out = static_cast<T*>(a.next_out) + row * a.next_stride;
  const T* next_weight = static_cast<const T*>(a.next_weight);
  const T* next_scale = static_cast<const T*>(a.next_scale);
  const i64 dim = a.add.dim;
  const bool packed = dim % kPack == 0 && takes_packs(x, a.add.x_stride) && takes_packs(y, a.add.y_stride) &&
                      takes_packs(weight, 0) && takes_packs(gate, 0) && takes_packs(out, a.next_stride) &&
                      takes_packs(next_weight, 0) && takes_packs(next_scale, 0);
  if (packed) {
    add_norm<kPack>(g, x, y, weight, gate, dim, inverse_rms<kPack>(g, y, dim, a.add.eps));
    write_norm<kPack>(g, out, x, next_weight, next_scale, dim, inverse_rms<kPack>(g, x, dim, a.next_eps));
  } else {
    add_norm<1>(g, x, y, weight, gate, dim, inverse_rms<1>(g, y, dim, a.add.eps));
    write_norm<1>(g, out, x, next_weight, next_scale, dim, inverse_rms<1>(g, x, dim, a.next_eps));
  }
}

}  // namespace bodies

template <int kCount, class T, class Group>
ZIMAGE_KERNEL void layer_norm_row(Group g, T* out, const T* x, const T* scale, i64 dim, float eps) {
  const float sum = g.sum(dim / kCount, [=](i64 i) {
    float v[kCount];
    read<kCount>(x + i * kCount, v);
    float part = v[0];
    for (int k = 1; k < kCount; ++k) part += v[k];
    return part;
  });
  const float mean = sum / static_cast<float>(dim);
  const float squares = g.sum(dim / kCount, [=](i64 i) {
    float v[kCount];
    read<kCount>(x + i * kCount, v);
    float part = (v[0] - mean) * (v[0] - mean);
    for (int k = 1; k < kCount; ++k) part += (v[k] - mean) * (v[k] - mean);
    return part;
  });
  const float r = 1.0F / square_root(squares / static_cast<float>(dim) + eps);
  g.each(dim / kCount, [=](i64 i) {
    float v[kCount], s[kCount];
    read<kCount>(x + i * kCount, v);
    read<kCount>(scale + i * kCount, s);
    for (int k = 0; k < kCount; ++k) v[k] = rounded<T>((v[k] - mean) * r) * s[k];
    write<kCount>(out + i * kCount, v);
  });
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void layer_norm(Group g, const LayerNormArgs& a, i64 row) {
  const T* x = static_cast<const T*>(a.x) + row * a.x_stride;
  T* out = static_cast<T*>(a.out) + row * a.out_stride;
  const T* scale = static_cast<const T*>(a.scale);
  const bool packed =
      a.dim % kPack == 0 && takes_packs(x, a.x_stride) && takes_packs(out, a.out_stride) && takes_packs(scale, 0);
  if (packed) {
    layer_norm_row<kPack>(g, out, x, scale, a.dim, a.eps);
  } else {
    layer_norm_row<1>(g, out, x, scale, a.dim, a.eps);
  }
}

}  // namespace bodies

}  // namespace zimage::nn::kernels

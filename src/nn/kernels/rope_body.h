// Per-head RMSNorm and the rotary embedding of interleaved pairs, for the heads of q and of k.
#pragma once

#include "nn/kernels/element.h"
#include "nn/kernels/norm_bodies.h"

namespace zimage::nn::kernels {

/// Reads or writes two neighbouring elements, wherever they lie, or a pack.
template <int kCount, class T>
ZIMAGE_KERNEL void read_pairs(const T* from, float* values) {
  if (kCount == 2) {
    read<1>(from, values);
    read<1>(from + 1, values + 1);
  } else {
    read<kCount>(from, values);
  }
}

template <int kCount, class T>
ZIMAGE_KERNEL void write_pairs(T* to, const float* values) {
  if (kCount == 2) {
    write<1>(to, values);
    write<1>(to + 1, values + 1);
  } else {
    write<kCount>(to, values);
  }
}

/// A head's norm is rounded to the element, its rotation is in fp32.
template <int kCount, class T, class Group>
ZIMAGE_KERNEL void norm_rope_row(Group g, T* out, const T* x, const T* weight, const float* rope, i64 dim, float eps) {
  const float sum = g.sum(dim / kCount, [=](i64 i) {
    float v[kCount];
    read_pairs<kCount>(x + i * kCount, v);
    float squares = v[0] * v[0];
    for (int k = 1; k < kCount; ++k) squares += v[k] * v[k];
    return squares;
  });
  const float r = 1.0F / square_root(sum / static_cast<float>(dim) + eps);
  g.each(dim / kCount, [=](i64 i) {
    const i64 at = i * kCount;
    float v[kCount], w[kCount], angle[kCount];
    read_pairs<kCount>(x + at, v);
    read_pairs<kCount>(weight + at, w);
    read_pairs<kCount>(rope + at, angle);
    for (int k = 0; k < kCount; k += 2) {
      const float a = weighted<T>(v[k], r, w[k]);
      const float b = weighted<T>(v[k + 1], r, w[k + 1]);
      v[k] = a * angle[k] - b * angle[k + 1];
      v[k + 1] = a * angle[k + 1] + b * angle[k];
    }
    write_pairs<kCount>(out + at, v);
  });
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void norm_rope(Group g, const NormRopeArgs& a, i64 row) {
  const i64 heads = a.q.heads + a.k.heads;
  const i64 token = row / heads;
  const i64 head_of_both = row % heads;
  const bool is_q = head_of_both < a.q.heads;
  const HeadsArgs& h = is_q ? a.q : a.k;
  const i64 head = is_q ? head_of_both : head_of_both - a.q.heads;
  const T* x = static_cast<const T*>(h.x) + token * h.x_token_stride + head * h.x_head_stride;
  T* out = static_cast<T*>(h.out) + token * h.out_token_stride + head * h.out_head_stride;
  const T* weight = static_cast<const T*>(h.weight);
  const float* rope = a.rope + token % a.rope_tokens * a.dim;
  const bool packed = a.dim % kPack == 0 && takes_packs(x, h.x_head_stride) && h.x_token_stride % kPack == 0 &&
                      takes_packs(out, h.out_head_stride) && h.out_token_stride % kPack == 0 &&
                      takes_packs(weight, 0) && takes_packs(rope, 0);
  if (packed) {
    norm_rope_row<kPack>(g, out, x, weight, rope, a.dim, a.eps);
  } else {
    norm_rope_row<2>(g, out, x, weight, rope, a.dim, a.eps);
  }
}

}  // namespace bodies

}  // namespace zimage::nn::kernels

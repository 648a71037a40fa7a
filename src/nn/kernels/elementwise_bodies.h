// Kernels without a sum.
#pragma once

#include "nn/kernels/element.h"

namespace zimage::nn::kernels {

template <int kCount, class T, class Group>
ZIMAGE_KERNEL void swiglu_row(Group g, T* out, const T* gate, const T* up, i64 width) {
  g.each(width / kCount, [=](i64 i) {
    float v[kCount], u[kCount];
    read<kCount>(gate + i * kCount, v);
    read<kCount>(up + i * kCount, u);
    for (int k = 0; k < kCount; ++k) v[k] = rounded<T>(silu(v[k])) * u[k];
    write<kCount>(out + i * kCount, v);
  });
}

namespace bodies {

template <class T, class Group>
ZIMAGE_KERNEL void swiglu(Group g, const SwigluArgs& a, i64 row) {
  const T* gate = static_cast<const T*>(a.gate) + row * a.gate_stride;
  const T* up = static_cast<const T*>(a.up) + row * a.up_stride;
  T* out = static_cast<T*>(a.out) + row * a.out_stride;
  const bool packed = a.width % kPack == 0 && takes_packs(gate, a.gate_stride) && takes_packs(up, a.up_stride) &&
                      takes_packs(out, a.out_stride);
  if (packed) {
    swiglu_row<kPack>(g, out, gate, up, a.width);
  } else {
    swiglu_row<1>(g, out, gate, up, a.width);
  }
}

}  // namespace bodies

}  // namespace zimage::nn::kernels

// The lanes of a CUDA block, as the bodies of the kernels see them. Only NVRTC compiles this.
#pragma once

#include "nn/kernels/args.h"

namespace zimage::nn::kernels {

/// A group of blockDim.x lanes, a power of two from 32. A block has blockDim.y groups of one warp, or one larger group,
/// which needs shared_bytes() (cuda_launch.h) of shared memory.
struct CudaGroup {
  static constexpr unsigned kWarp = 32;

  ZIMAGE_KERNEL i64 lanes() const { return blockDim.x; }

  /// Calls f(i) for all i in [0, n): a lane takes every lanes()-th.
  template <class F>
  ZIMAGE_KERNEL void each(i64 n, F f) const {
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) f(i);
  }

  /// Returns the sum of f(i) over all i in [0, n) to every lane. A lane adds its own in ascending order; then, step by
  /// step, each lane adds the sum of another one, the farthest first.
  template <class F>
  ZIMAGE_KERNEL float sum(i64 n, F f) const {
    float own = 0.0F;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) own += f(i);
    return combined(own, [](float a, float b) { return a + b; });
  }

  /// Returns the largest f(i) to every lane.
  template <class F>
  ZIMAGE_KERNEL u32 largest(i64 n, F f) const {
    const auto larger = [](u32 a, u32 b) { return a > b ? a : b; };
    u32 own = 0;
    for (i64 i = threadIdx.x; i < n; i += blockDim.x) own = larger(own, f(i));
    return combined(own, larger);
  }

 private:
  template <class V, class Combine>
  static ZIMAGE_KERNEL V combined(V own, Combine combine) {
    if (blockDim.x > kWarp) own = combined_warps(own, combine);
    for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) {
      own = combine(own, __shfl_xor_sync(0xFFFFFFFFU, own, offset));
    }
    return own;
  }

  /// Does the steps between lanes of different warps. They write to two halves of the memory in turn, so that one
  /// barrier a step is enough, and one at the end, before the next call writes to the first half.
  template <class V, class Combine>
  static ZIMAGE_KERNEL V combined_warps(V own, Combine combine) {
    extern __shared__ u32 shared[];
    static_assert(sizeof(V) == sizeof(u32));
    V* const values = reinterpret_cast<V*>(shared);
    V* half = values;
    for (unsigned offset = blockDim.x / 2; offset >= kWarp; offset /= 2) {
      half[threadIdx.x] = own;
      __syncthreads();
      own = combine(own, half[threadIdx.x ^ offset]);
      half = half == values ? values + blockDim.x : values;
    }
    __syncthreads();
    return own;
  }
};

}  // namespace zimage::nn::kernels

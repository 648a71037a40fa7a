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
    if (blockDim.x > kWarp) own = add_warps(own);
    for (unsigned offset = kWarp / 2; offset > 0; offset /= 2) own += __shfl_xor_sync(0xFFFFFFFFU, own, offset);
    return own;
  }

 private:
  /// Does the steps between lanes of different warps. They write to two halves of the memory in turn, so that one
  /// barrier a step is enough, and one at the end, before the next sum writes to the first half.
  static ZIMAGE_KERNEL float add_warps(float own) {
    extern __shared__ float sums[];
    float* half = sums;
    for (unsigned offset = blockDim.x / 2; offset >= kWarp; offset /= 2) {
      half[threadIdx.x] = own;
      __syncthreads();
      own += half[threadIdx.x ^ offset];
      half = half == sums ? sums + blockDim.x : sums;
    }
    __syncthreads();
    return own;
  }
};

}  // namespace zimage::nn::kernels

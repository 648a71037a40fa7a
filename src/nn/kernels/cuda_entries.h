// The CUDA kernels for one kind of element. Only NVRTC compiles this, once for each element, with
//   ZIMAGE_ELEMENT      the element's type: float, Bf16, Half
//   ZIMAGE_SUFFIX       what the kernels' names end in: f32, bf16, f16
#pragma once

#include "nn/kernels/args.h"
#include "nn/kernels/bodies.h"
#include "nn/kernels/cuda_group.h"

namespace zimage::nn::kernels {

#define ZIMAGE_JOIN_(a, b, c) a##b##_##c
#define ZIMAGE_JOIN(a, b, c) ZIMAGE_JOIN_(a, b, c)

// A block's lanes are threadIdx.x, its groups threadIdx.y. The groups behind the last row are of one warp each, so that
// they may leave: nobody waits for them.
#define ZIMAGE_ENTRY(name, id, Args, packs)                                                          \
  extern "C" __global__ void __launch_bounds__(1024, 1)                                              \
      ZIMAGE_JOIN(zimage_, name, ZIMAGE_SUFFIX)(const __grid_constant__ Args args, const i64 rows) { \
    const i64 row = static_cast<i64>(blockIdx.x) * blockDim.y + threadIdx.y;                         \
    if (row < rows) bodies::name<ZIMAGE_ELEMENT>(CudaGroup{}, args, row);                            \
  }
ZIMAGE_KERNELS(ZIMAGE_ENTRY)

}  // namespace zimage::nn::kernels

// The operations of nn/ops.h, and others, by the portable kernels. They check that strides fit, fill in the kernels'
// arguments and call an executor. Elements are fp32, bf16 or fp16, the same in all tensors unless a comment says
// otherwise; the last dimension's elements are neighbours.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

#include "nn/kernels/launch.h"
#include "weights/stored_weight.h"

namespace zimage::nn::kernels {

/// Returns the executor of a kernel for tensors like x; null: ATen's operations are to be used. On the CPU it is null
/// unless a ScopedPortableKernels lives, because the CPU's own fused kernels are faster.
Executor* executor_for(const at::Tensor& x, KernelId kernel);

/// Finds the executor of a kernel on a CUDA device, or null. It is asked at each call.
using FindExecutor = Executor* (*)(at::DeviceIndex device, KernelId kernel, ElementId element);
/// Says how to find executors on CUDA; null: there are none, as in the beginning.
void set_cuda_executors(FindExecutor find);

/// While it lives, operations on the CPU run through the portable kernels, in all threads.
class ScopedPortableKernels {
 public:
  explicit ScopedPortableKernels(Executor& executor = cpu_executor());
  ~ScopedPortableKernels();
  ScopedPortableKernels(const ScopedPortableKernels&) = delete;
  ScopedPortableKernels& operator=(const ScopedPortableKernels&) = delete;

 private:
  Executor* before_;
};

/// Returns rms_norm(x) · weight · scale over the last dimension; scale [..., D] with one row, or undefined.
at::Tensor norm(Executor& executor, const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale);

/// Applies nn::norm_rope_ to q and to k, in place and in one launch. q [B, L, H, d], k [B, L, Hk, d] or undefined; they
/// may be views of one packed tensor.
void norm_rope_(Executor& executor, const at::Tensor& q, const at::Tensor& norm_q, const at::Tensor& k,
                const at::Tensor& norm_k, double eps, const at::Tensor& rope);

/// Returns x, which becomes x + gate · rms_norm(y) · weight; gate with one row, or undefined.
at::Tensor add_gated_norm_(Executor& executor, at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate);

/// The norm after a residual.
struct NextNorm {
  at::Tensor weight;
  at::Tensor scale;  ///< may be undefined
  double eps = 0;
};

/// Does add_gated_norm_, and returns x and the next norm of it, in one launch.
std::pair<at::Tensor, at::Tensor> add_gated_norm_then_norm_(Executor& executor, at::Tensor x, const at::Tensor& y,
                                                            const at::Tensor& weight, double eps,
                                                            const at::Tensor& gate, const NextNorm& next);

/// Returns the LayerNorm of x without affine parameters, times scale, which has one row.
at::Tensor modulated_layer_norm(Executor& executor, const at::Tensor& x, double eps, const at::Tensor& scale);

/// Returns silu(gate) · up, contiguous. They may be views of one packed tensor. `out` is overwritten if it is defined.
at::Tensor swiglu(Executor& executor, const at::Tensor& gate, const at::Tensor& up, at::Tensor out = {});

/// Returns the GroupNorm of x [N, C, H, W], which is channels-last, or its SiLU; the result is channels-last too.
/// weight and bias [C].
at::Tensor group_norm(Executor& executor, const at::Tensor& x, i64 groups, const at::Tensor& weight,
                      const at::Tensor& bias, double eps, bool silu);

/// The first and the last of group_norm's three launches, for a map that arrives in strips. Returns the sums over
/// contiguous cells [..., C] of x and of x², fp64 [2, C].
at::Tensor channel_sums(Executor& executor, const at::Tensor& cells);
/// Writes x · affine[0] + affine[1], or its SiLU, to `out`; both are contiguous [..., C], and affine is fp32 [2, C]. It
/// rounds once.
void channel_norm(Executor& executor, at::Tensor& out, const at::Tensor& x, const at::Tensor& affine, bool silu);

/// Quantises each row of x to fp8 e4m3: codes [rows, columns] of its dtype, contiguous, and scales fp32 [rows, 1].
std::pair<at::Tensor, at::Tensor> quantise_fp8(Executor& executor, const at::Tensor& x);

/// Returns whether there is a kernel that unpacks such a weight, and which.
bool unpacks(const StoredWeight& weight, KernelId* kernel = nullptr);
/// Writes the weight to `out` [rows, columns], which is contiguous, on the same device. unpacks() must hold.
void unpack(Executor& executor, const StoredWeight& weight, at::Tensor& out);

}  // namespace zimage::nn::kernels

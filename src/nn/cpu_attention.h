// Attention of bf16 on CPUs that multiply bf16 but have no tiles (AVX512-BF16 without AMX). There, libtorch's own flash
// attention multiplies at a third of the processor's rate; with tiles it packs its operands and needs no help.
#pragma once

#include <ATen/core/Tensor.h>

namespace zimage::nn::cpu {

/// Returns whether attention() is meant for this processor, this libtorch and these tensors.
bool attention_fits(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// Computes softmax(q·kᵀ/√d)·v without a mask. q [B, L, H, d], k and v [B, Lk, H, d] → [B, L, H·d].
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

}  // namespace zimage::nn::cpu

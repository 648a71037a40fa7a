#include "nn/ops.h"

#include <ATen/ATen.h>

#include <optional>
#include <utility>

#include "nn/attention_choice.h"
#include "nn/card_mode.h"
#include "nn/cpu_attention.h"
#include "nn/cpu_kernels.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/kernels/rows.h"

namespace zimage::nn {
namespace {

bool fused(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && x.is_contiguous();
}

bool fused_bf16(const at::Tensor& x) { return fused(x) && x.scalar_type() == at::kBFloat16; }

/// Calls `work` with a value of x's element type, which says no more than the type.
template <class Work>
void with_element_of(const at::Tensor& x, Work work) {
  if (x.scalar_type() == at::kFloat) {
    work(float{});
  } else {
    work(at::BFloat16{});
  }
}

template <class T>
const T* data_or_null(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<T>() : nullptr;
}

using kernels::KernelId;

/// Returns the executor of a portable kernel that changes x's rows in place, or null.
kernels::Executor* executor_in_place(const at::Tensor& x, KernelId kernel) {
  return kernels::has_rows(x) ? kernels::executor_for(x, kernel) : nullptr;
}

/// Returns the executor of GroupNorm's three kernels; null if one of them is missing.
kernels::Executor* group_norm_executor(const at::Tensor& x) {
  kernels::Executor* executor = nullptr;
  for (const KernelId id : {KernelId::kGroupNormParts, KernelId::kGroupNormAffine, KernelId::kGroupNormApply}) {
    executor = kernels::executor_for(x, id);
    if (executor == nullptr) break;
  }
  return executor;
}

at::Tensor fused_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale) {
  at::Tensor out = at::empty_like(x);
  const std::int64_t dim = x.size(-1);
  with_element_of(x, [&](auto element) {
    using T = decltype(element);
    cpu::rms_norm(out.mutable_data_ptr<T>(), x.const_data_ptr<T>(), weight.const_data_ptr<T>(), data_or_null<T>(scale),
                  x.numel() / dim, dim, eps);
  });
  return out;
}

/// While it lives, libtorch doesn't take cuDNN's attention unless `allowed`. One thread computes, so nobody else minds.
class CuDNNAttention {
 public:
  explicit CuDNNAttention(bool allowed) : before_(at::globalContext().userEnabledCuDNNSDP()) {
    at::globalContext().setSDPUseCuDNN(before_ && allowed);
  }
  ~CuDNNAttention() { at::globalContext().setSDPUseCuDNN(before_); }
  CuDNNAttention(const CuDNNAttention&) = delete;
  CuDNNAttention& operator=(const CuDNNAttention&) = delete;

 private:
  bool before_;
};

/// Returns the work of q [B, L, H, d] and k.
AttentionWork work_of(const at::Tensor& q, const at::Tensor& k, double calls) {
  return {.batch = q.size(0),
          .heads = q.size(2),
          .queries = q.size(1),
          .keys = k.size(1),
          .head_dim = q.size(3),
          .calls = calls};
}

}  // namespace

namespace twin {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor f = x.to(at::kFloat);
  return (f * at::rsqrt(f.square().mean(-1, true) + eps)).to(x.scalar_type()) * weight;
}

at::Tensor add_gated_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double eps,
                          const at::Tensor& gate) {
  const at::Tensor normed = rms_norm(y, weight, eps);
  return gate.defined() ? x + gate * normed : x + normed;
}

at::Tensor norm_rope(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& rope) {
  const at::Tensor pairs =
      at::view_as_complex(rms_norm(x, weight, eps).to(at::kFloat).unflatten(-1, {-1, 2}).contiguous());
  const at::Tensor rotated = pairs * at::view_as_complex(rope).unsqueeze(0).unsqueeze(2);
  return at::view_as_real(rotated).flatten(3).to(x.scalar_type());
}

at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale) {
  return at::layer_norm(x, {x.size(-1)}, {}, {}, eps) * scale;
}

at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up) { return at::silu_(gate).mul_(up); }

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                      double eps, bool silu) {
  at::Tensor normed = at::group_norm(x, groups, weight, bias, eps);
  if (silu) at::silu_(normed);
  return normed;
}

}  // namespace twin

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (auto* executor = kernels::executor_for(x, KernelId::kNorm)) return kernels::norm(*executor, x, weight, eps, {});
  return fused(x) ? fused_norm(x, weight, eps, {}) : twin::rms_norm(x, weight, eps);
}

at::Tensor modulated_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale) {
  if (!scale.defined()) return rms_norm(x, weight, eps);
  if (auto* executor = kernels::executor_for(x, KernelId::kNorm)) {
    return kernels::norm(*executor, x, weight, eps, scale);
  }
  if (fused(x)) return fused_norm(x, weight, eps, scale);
  return twin::rms_norm(x, weight, eps) * scale;
}

at::Tensor add_gated_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate) {
  if (auto* executor = executor_in_place(x, KernelId::kAddGatedNorm)) {
    return kernels::add_gated_norm_(*executor, std::move(x), y, weight, eps, gate);
  }
  if (!fused(x) || !fused(y)) return twin::add_gated_norm(x, y, weight, eps, gate);
  const std::int64_t dim = x.size(-1);
  with_element_of(x, [&](auto element) {
    using T = decltype(element);
    cpu::add_gated_norm(x.mutable_data_ptr<T>(), y.const_data_ptr<T>(), weight.const_data_ptr<T>(),
                        data_or_null<T>(gate), x.numel() / dim, dim, eps);
  });
  return x;
}

std::pair<at::Tensor, at::Tensor> add_gated_norm_then_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight,
                                                            double eps, const at::Tensor& gate,
                                                            const at::Tensor& next_weight,
                                                            const at::Tensor& next_scale) {
  if (auto* executor = executor_in_place(x, KernelId::kAddGatedNormThenNorm)) {
    return kernels::add_gated_norm_then_norm_(*executor, std::move(x), y, weight, eps, gate,
                                              {next_weight, next_scale, eps});
  }
  at::Tensor sum = add_gated_norm_(std::move(x), y, weight, eps, gate);
  at::Tensor next = modulated_rms_norm(sum, next_weight, eps, next_scale);
  return {std::move(sum), std::move(next)};
}

at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale) {
  if (auto* executor = kernels::executor_for(x, KernelId::kLayerNorm)) {
    return kernels::modulated_layer_norm(*executor, x, eps, scale);
  }
  if (!fused_bf16(x)) return twin::modulated_layer_norm(x, eps, scale);
  at::Tensor out = at::empty_like(x);
  const std::int64_t dim = x.size(-1);
  cpu::layer_norm(out.mutable_data_ptr<at::BFloat16>(), x.const_data_ptr<at::BFloat16>(),
                  scale.const_data_ptr<at::BFloat16>(), x.numel() / dim, dim, eps);
  return out;
}

at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up) {
  if (auto* executor = executor_in_place(gate, KernelId::kSwiglu)) return kernels::swiglu(*executor, gate, up, gate);
  if (!fused_bf16(gate) || !fused_bf16(up)) return twin::swiglu_(gate, up);
  cpu::swiglu(gate.mutable_data_ptr<at::BFloat16>(), up.const_data_ptr<at::BFloat16>(), gate.numel());
  return gate;
}

at::Tensor norm_rope_(at::Tensor x, const at::Tensor& weight, double eps, const at::Tensor& rope) {
  auto* executor = kernels::has_heads(x) ? kernels::executor_for(x, KernelId::kNormRope) : nullptr;
  if (executor != nullptr) {
    kernels::norm_rope_(*executor, x, weight, {}, {}, eps, rope);
    return x;
  }
  if (!fused(x)) return twin::norm_rope(x, weight, eps, rope);
  with_element_of(x, [&](auto element) {
    using T = decltype(element);
    cpu::norm_rope(x.mutable_data_ptr<T>(), weight.const_data_ptr<T>(), rope.const_data_ptr<float>(), x.size(0),
                   x.size(1), x.size(2), x.size(3), eps);
  });
  return x;
}

std::pair<at::Tensor, at::Tensor> norm_rope_both_(at::Tensor q, const at::Tensor& q_weight, at::Tensor k,
                                                  const at::Tensor& k_weight, double eps, const at::Tensor& rope) {
  const bool in_place = kernels::has_heads(q) && kernels::has_heads(k);
  if (auto* executor = in_place ? kernels::executor_for(q, KernelId::kNormRope) : nullptr) {
    kernels::norm_rope_(*executor, q, q_weight, k, k_weight, eps, rope);
    return {std::move(q), std::move(k)};
  }
  return {norm_rope_(std::move(q), q_weight, eps, rope), norm_rope_(std::move(k), k_weight, eps, rope)};
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double calls) {
  if (cpu::attention_fits(q, k, v)) return cpu::attention(q, k, v);
  if (q.is_cpu()) return twin::attention(q, k, v);
  const CuDNNAttention backend(cudnn_is_worth_it(work_of(q, k, calls)));
  return twin::attention(q, k, v);
}

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  // On the CPU, libtorch's flash attention takes groups itself, with equal results in half to four fifths of the time.
  // On CUDA, only some of its kernels do.
  const bool grouped = q.is_cpu();
  const CuDNNAttention backend(/*allowed=*/grouped);  // a prompt's length seldom comes back
  const std::int64_t groups = q.size(2) / k.size(2);
  const auto heads = [&](const at::Tensor& t) {
    return (grouped ? t : t.repeat_interleave(groups, 2)).transpose(1, 2);
  };
  return at::scaled_dot_product_attention(q.transpose(1, 2), heads(k), heads(v), {}, 0.0, /*is_causal=*/true,
                                          /*scale=*/std::nullopt, /*enable_gqa=*/grouped)
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                      double eps, bool silu) {
  const bool channels_last = in_card_mode(x.device()) && x.is_contiguous(at::MemoryFormat::ChannelsLast);
  if (auto* executor = channels_last ? group_norm_executor(x) : nullptr) {
    return kernels::group_norm(*executor, x, groups, weight, bias, eps, silu);
  }
  const at::Tensor normed = twin::group_norm(x, groups, weight, bias, eps, silu);
  // ATen's CUDA kernel gives back another layout than it was given.
  return in_card_mode(x.device()) ? normed.contiguous(x.suggest_memory_format()) : normed;
}

}  // namespace zimage::nn

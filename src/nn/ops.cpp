#include "nn/ops.h"

#include <ATen/ATen.h>

#include <optional>

#include "nn/cpu_attention.h"
#include "nn/cpu_kernels.h"

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

}  // namespace twin

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return fused(x) ? fused_norm(x, weight, eps, {}) : twin::rms_norm(x, weight, eps);
}

at::Tensor modulated_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale) {
  if (!scale.defined()) return rms_norm(x, weight, eps);
  if (fused(x)) return fused_norm(x, weight, eps, scale);
  return twin::rms_norm(x, weight, eps) * scale;
}

at::Tensor add_gated_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate) {
  if (!fused(x) || !fused(y)) return twin::add_gated_norm(x, y, weight, eps, gate);
  const std::int64_t dim = x.size(-1);
  with_element_of(x, [&](auto element) {
    using T = decltype(element);
    cpu::add_gated_norm(x.mutable_data_ptr<T>(), y.const_data_ptr<T>(), weight.const_data_ptr<T>(),
                        data_or_null<T>(gate), x.numel() / dim, dim, eps);
  });
  return x;
}

at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale) {
  if (!fused_bf16(x)) return twin::modulated_layer_norm(x, eps, scale);
  at::Tensor out = at::empty_like(x);
  const std::int64_t dim = x.size(-1);
  cpu::layer_norm(out.mutable_data_ptr<at::BFloat16>(), x.const_data_ptr<at::BFloat16>(),
                  scale.const_data_ptr<at::BFloat16>(), x.numel() / dim, dim, eps);
  return out;
}

at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up) {
  if (!fused_bf16(gate) || !fused_bf16(up)) return twin::swiglu_(gate, up);
  cpu::swiglu(gate.mutable_data_ptr<at::BFloat16>(), up.const_data_ptr<at::BFloat16>(), gate.numel());
  return gate;
}

at::Tensor norm_rope_(at::Tensor x, const at::Tensor& weight, double eps, const at::Tensor& rope) {
  if (!fused(x)) return twin::norm_rope(x, weight, eps, rope);
  with_element_of(x, [&](auto element) {
    using T = decltype(element);
    cpu::norm_rope(x.mutable_data_ptr<T>(), weight.const_data_ptr<T>(), rope.const_data_ptr<float>(), x.size(0),
                   x.size(1), x.size(2), x.size(3), eps);
  });
  return x;
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return cpu::attention_fits(q, k, v) ? cpu::attention(q, k, v) : twin::attention(q, k, v);
}

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  // On the CPU, libtorch's flash attention takes groups itself, with equal results in half to four fifths of the time.
  // On CUDA, only some of its kernels do.
  const bool grouped = q.is_cpu();
  const std::int64_t groups = q.size(2) / k.size(2);
  const auto heads = [&](const at::Tensor& t) {
    return (grouped ? t : t.repeat_interleave(groups, 2)).transpose(1, 2);
  };
  return at::scaled_dot_product_attention(q.transpose(1, 2), heads(k), heads(v), {}, 0.0, /*is_causal=*/true,
                                          /*scale=*/std::nullopt, /*enable_gqa=*/grouped)
      .transpose(1, 2)
      .flatten(2);
}

}  // namespace zimage::nn

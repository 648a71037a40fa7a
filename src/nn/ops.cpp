#include "nn/ops.h"

#include <ATen/ATen.h>

#include "nn/cpu_kernels.h"

namespace zimage::nn {
namespace {

bool fused(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous(); }

const float* data_or_null(const at::Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

at::Tensor fused_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const float* scale) {
  at::Tensor out = at::empty_like(x);
  const std::int64_t dim = x.size(-1);
  cpu::rms_norm(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), weight.const_data_ptr<float>(), scale,
                x.numel() / dim, dim, eps);
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

}  // namespace twin

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return fused(x) ? fused_norm(x, weight, eps, nullptr) : twin::rms_norm(x, weight, eps);
}

at::Tensor modulated_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& scale) {
  if (!scale.defined()) return rms_norm(x, weight, eps);
  if (fused(x)) return fused_norm(x, weight, eps, scale.const_data_ptr<float>());
  return twin::rms_norm(x, weight, eps) * scale;
}

at::Tensor add_gated_norm_(at::Tensor x, const at::Tensor& y, const at::Tensor& weight, double eps,
                           const at::Tensor& gate) {
  if (!fused(x) || !fused(y)) return twin::add_gated_norm(x, y, weight, eps, gate);
  const std::int64_t dim = x.size(-1);
  cpu::add_gated_norm(x.mutable_data_ptr<float>(), y.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                      data_or_null(gate), x.numel() / dim, dim, eps);
  return x;
}

at::Tensor modulated_layer_norm(const at::Tensor& x, double eps, const at::Tensor& scale) {
  return at::layer_norm(x, {x.size(-1)}, {}, {}, eps) * scale;
}

at::Tensor swiglu_(at::Tensor gate, const at::Tensor& up) { return at::silu_(gate).mul_(up); }

at::Tensor norm_rope_(at::Tensor x, const at::Tensor& weight, double eps, const at::Tensor& rope) {
  if (!fused(x)) return twin::norm_rope(x, weight, eps, rope);
  cpu::norm_rope(x.mutable_data_ptr<float>(), weight.const_data_ptr<float>(), rope.const_data_ptr<float>(), x.size(0),
                 x.size(1), x.size(2), x.size(3), eps);
  return x;
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
      .transpose(1, 2)
      .flatten(2);
}

at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const std::int64_t groups = q.size(2) / k.size(2);
  const auto heads = [&](const at::Tensor& t) { return t.repeat_interleave(groups, 2).transpose(1, 2); };
  return at::scaled_dot_product_attention(q.transpose(1, 2), heads(k), heads(v), {}, 0.0, /*is_causal=*/true)
      .transpose(1, 2)
      .flatten(2);
}

}  // namespace zimage::nn

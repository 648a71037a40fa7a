#include <ATen/ATen.h>

#include <utility>

#include "models/dit.h"
#include "nn/ops.h"

namespace zimage {

DiTBlock DiTBlock::load(nn::WeightLoader& weights, const std::string& prefix, const DiTConfig& config, bool modulated) {
  const std::int64_t dim = config.dim;
  const std::string attention = prefix + ".attention.";
  const std::string ffn = prefix + ".feed_forward.";
  DiTBlock b;
  b.n_heads = config.n_heads;
  b.eps = config.norm_eps;
  b.modulated = modulated;
  b.to_q = weights.bulk_linear(attention + "to_q", dim, dim, false);
  b.to_k = weights.bulk_linear(attention + "to_k", dim, dim, false);
  b.to_v = weights.bulk_linear(attention + "to_v", dim, dim, false);
  b.to_out = weights.bulk_linear(attention + "to_out.0", dim, dim, false);
  b.norm_q = weights.tensor(attention + "norm_q.weight", {config.head_dim()});
  b.norm_k = weights.tensor(attention + "norm_k.weight", {config.head_dim()});
  b.w1 = weights.bulk_linear(ffn + "w1", dim, config.ffn_dim, false);
  b.w2 = weights.bulk_linear(ffn + "w2", config.ffn_dim, dim, false);
  b.w3 = weights.bulk_linear(ffn + "w3", dim, config.ffn_dim, false);
  b.attention_norm1 = weights.tensor(prefix + ".attention_norm1.weight", {dim});
  b.attention_norm2 = weights.tensor(prefix + ".attention_norm2.weight", {dim});
  b.ffn_norm1 = weights.tensor(prefix + ".ffn_norm1.weight", {dim});
  b.ffn_norm2 = weights.tensor(prefix + ".ffn_norm2.weight", {dim});
  if (modulated) b.adaln = weights.row_linear(prefix + ".adaLN_modulation.0", config.adaln_dim, 4 * dim, true);
  return b;
}

void DiTBlock::map_tensors(const nn::TensorMap& map) {
  for (nn::Linear* layer : {&to_q, &to_k, &to_v, &to_out, &w1, &w2, &w3, &adaln}) nn::map_tensors(*layer, map);
  for (at::Tensor* norm : {&norm_q, &norm_k, &attention_norm1, &attention_norm2, &ffn_norm1, &ffn_norm2}) {
    *norm = map(*norm);
  }
}

at::Tensor DiTBlock::forward(at::Tensor x, const at::Tensor& rope, const at::Tensor& t_emb) const {
  at::Tensor scale_msa, gate_msa, scale_mlp, gate_mlp;
  if (modulated) {
    const auto chunks = adaln(t_emb).unsqueeze(1).chunk(4, 2);
    scale_msa = (1.0 + chunks[0]).contiguous();
    gate_msa = chunks[1].tanh();
    scale_mlp = (1.0 + chunks[2]).contiguous();
    gate_mlp = chunks[3].tanh();
  }
  {
    // QK-norm's eps is fixed in the reference, whatever norm_eps says.
    constexpr double kQkEps = 1e-5;
    const at::Tensor h = nn::modulated_rms_norm(x, attention_norm1, eps, scale_msa);
    const auto heads = [&](const at::Tensor& t) { return t.unflatten(-1, {n_heads, -1}); };
    const at::Tensor q = nn::norm_rope_(heads(to_q(h)), norm_q, kQkEps, rope);
    const at::Tensor k = nn::norm_rope_(heads(to_k(h)), norm_k, kQkEps, rope);
    x = nn::add_gated_norm_(std::move(x), to_out(nn::attention(q, k, heads(to_v(h)))), attention_norm2, eps, gate_msa);
  }
  const at::Tensor h = nn::modulated_rms_norm(x, ffn_norm1, eps, scale_mlp);
  return nn::add_gated_norm_(std::move(x), w2(nn::swiglu_(w1(h), w3(h))), ffn_norm2, eps, gate_mlp);
}

}  // namespace zimage

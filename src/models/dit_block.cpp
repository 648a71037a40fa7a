#include "models/dit_block.h"

#include <ATen/ATen.h>

#include <tuple>
#include <utility>

#include "nn/ops.h"

namespace zimage {

DiTBlock DiTBlock::load(nn::WeightLoader& weights, const std::string& prefix, const DiTConfig& config, bool modulated) {
  const std::int64_t dim = config.dim;
  const std::string attention = prefix + ".attention.";
  const std::string ffn = prefix + ".feed_forward.";
  DiTBlock b;
  b.n_heads = config.n_heads;
  b.eps = config.norm_eps;
  b.qkv = weights.bulk_linear_group({attention + "to_q", attention + "to_k", attention + "to_v"}, dim, {dim, dim, dim});
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
  nn::map_tensors(qkv, map);
  for (nn::Linear* layer : {&to_out, &w1, &w2, &w3, &adaln}) nn::map_tensors(*layer, map);
  for (at::Tensor* norm : {&norm_q, &norm_k, &attention_norm1, &attention_norm2, &ffn_norm1, &ffn_norm2}) {
    *norm = map(*norm);
  }
}

Modulation DiTBlock::modulate(const at::Tensor& t_emb) const {
  const auto chunks = adaln(t_emb).unsqueeze(1).chunk(4, 2);
  return {.scale_msa = (1.0 + chunks[0]).contiguous(),
          .gate_msa = chunks[1].tanh(),
          .scale_mlp = (1.0 + chunks[2]).contiguous(),
          .gate_mlp = chunks[3].tanh()};
}

at::Tensor DiTBlock::forward(at::Tensor x, const at::Tensor& rope, const Modulation& modulation, double calls) const {
  at::Tensor h;
  {
    // QK-norm's eps is fixed in the reference, whatever norm_eps says.
    constexpr double kQkEps = 1e-5;
    const auto parts = qkv(nn::modulated_rms_norm(x, attention_norm1, eps, modulation.scale_msa));
    const auto heads = [&](std::size_t part) { return parts[part].unflatten(-1, {n_heads, -1}); };
    const auto [q, k] = nn::norm_rope_both_(heads(0), norm_q, heads(1), norm_k, kQkEps, rope);
    std::tie(x, h) =
        nn::add_gated_norm_then_norm_(std::move(x), to_out(nn::attention(q, k, heads(2), calls)), attention_norm2, eps,
                                      modulation.gate_msa, ffn_norm1, modulation.scale_mlp);
  }
  return nn::add_gated_norm_(std::move(x), w2(nn::swiglu_(w1(h), w3(h))), ffn_norm2, eps, modulation.gate_mlp);
}

}  // namespace zimage

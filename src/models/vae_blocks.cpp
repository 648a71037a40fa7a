#include "models/vae_blocks.h"

#include <ATen/ATen.h>

#include "nn/card_mode.h"
#include "nn/ops.h"

namespace zimage {

Conv Conv::load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t in, std::int64_t out,
                std::int64_t kernel, std::int64_t stride) {
  Conv c;
  c.weight = weights.tensor(prefix + ".weight", {out, in, kernel, kernel});
  // A convolution's result has the layout of its weights. cuDNN would convert other maps to this one and back.
  if (nn::in_card_mode(weights.placement().device)) c.weight = c.weight.contiguous(at::MemoryFormat::ChannelsLast);
  c.bias = weights.tensor(prefix + ".bias", {out});
  c.stride = stride;
  c.padding = kernel == 3 && stride == 1 ? 1 : 0;
  return c;
}

at::Tensor Conv::operator()(const at::Tensor& x) const { return at::conv2d(x, weight, bias, stride, padding); }

Conv Conv::in_fp32() const {
  Conv c = *this;
  c.weight = weight.to(at::kFloat);
  c.bias = bias.to(at::kFloat);
  return c;
}

GroupNorm GroupNorm::load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t channels,
                          std::int64_t groups) {
  return {weights.tensor(prefix + ".weight", {channels}), weights.tensor(prefix + ".bias", {channels}), groups};
}

at::Tensor GroupNorm::operator()(const at::Tensor& x) const {
  return nn::group_norm(x, groups, weight, bias, kEps, /*silu=*/false);
}

at::Tensor GroupNorm::with_silu(const at::Tensor& x) const {
  return nn::group_norm(x, groups, weight, bias, kEps, /*silu=*/true);
}

GroupNorm GroupNorm::in_fp32() const { return {weight.to(at::kFloat), bias.to(at::kFloat), groups}; }

ResnetBlock ResnetBlock::load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t in, std::int64_t out,
                              std::int64_t groups) {
  ResnetBlock b;
  b.norm1 = GroupNorm::load(weights, prefix + ".norm1", in, groups);
  b.conv1 = Conv::load(weights, prefix + ".conv1", in, out, 3);
  b.norm2 = GroupNorm::load(weights, prefix + ".norm2", out, groups);
  b.conv2 = Conv::load(weights, prefix + ".conv2", out, out, 3);
  b.has_shortcut = in != out;
  if (b.has_shortcut) b.conv_shortcut = Conv::load(weights, prefix + ".conv_shortcut", in, out, 1);
  return b;
}

at::Tensor ResnetBlock::operator()(const at::Tensor& x) const {
  at::Tensor h = conv1(norm1.with_silu(x));
  h = norm2.with_silu(h);  // a statement of its own, so that the first map is given up before the next
  h = conv2(h);
  return h.add_(has_shortcut ? conv_shortcut(x) : x);
}

VAEMidBlock VAEMidBlock::load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t channels,
                              std::int64_t groups) {
  VAEMidBlock b;
  b.resnet0 = ResnetBlock::load(weights, prefix + ".resnets.0", channels, channels, groups);
  b.resnet1 = ResnetBlock::load(weights, prefix + ".resnets.1", channels, channels, groups);
  const std::string attention = prefix + ".attentions.0.";
  b.group_norm = GroupNorm::load(weights, attention + "group_norm", channels, groups);
  b.to_q = weights.linear(attention + "to_q", channels, channels, true);
  b.to_k = weights.linear(attention + "to_k", channels, channels, true);
  b.to_v = weights.linear(attention + "to_v", channels, channels, true);
  b.to_out = weights.linear(attention + "to_out.0", channels, channels, true);
  return b;
}

at::Tensor VAEMidBlock::attend(const at::Tensor& x) const {
  const at::Tensor tokens = group_norm(x).flatten(2).transpose(1, 2).contiguous();  // [1, H·W, C]
  const auto one_head = [](const at::Tensor& t) { return t.unsqueeze(2); };
  const at::Tensor mixed = nn::attention(one_head(to_q(tokens)), one_head(to_k(tokens)), one_head(to_v(tokens)));
  return to_out(mixed).transpose(1, 2).reshape(x.sizes()) + x;
}

at::Tensor VAEMidBlock::operator()(const at::Tensor& x) const { return resnet1(attend(resnet0(x))); }

}  // namespace zimage

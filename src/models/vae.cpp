#include "models/vae.h"

#include <ATen/ATen.h>

#include <utility>

#include "models/vae_strips.h"
#include "nn/tap.h"

namespace zimage {
namespace {

constexpr std::int64_t kRGB = 3;

std::vector<ResnetBlock> load_resnets(nn::WeightLoader& weights, const std::string& prefix, std::int64_t count,
                                      std::int64_t in, std::int64_t out, std::int64_t groups) {
  std::vector<ResnetBlock> list;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string name = prefix + ".resnets." + std::to_string(i);
    list.push_back(ResnetBlock::load(weights, name, i == 0 ? in : out, out, groups));
  }
  return list;
}

/// Norm, SiLU and a convolution in fp32.
at::Tensor finish(const GroupNorm& norm, const Conv& conv, at::Tensor x) {
  x = x.to(at::kFloat);
  x = norm.with_silu(x);
  return conv(x);
}

void tap_map(const std::string& name, const strips::Map& x) {
  if (tapped()) tap(name, strips::as_nchw(x.rows));
}

}  // namespace

VAEEncoder VAEEncoder::load(nn::WeightLoader& weights, const VAEConfig& c) {
  VAEEncoder m;
  m.config_ = c;
  m.placement_ = weights.placement();
  const auto& channels = c.block_out_channels;
  m.conv_in_ = Conv::load(weights, "encoder.conv_in", kRGB, channels.front(), 3).in_fp32();
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string prefix = "encoder.down_blocks." + std::to_string(i);
    const std::int64_t in = i == 0 ? channels[0] : channels[i - 1];
    m.down_blocks_.push_back(load_resnets(weights, prefix, c.layers_per_block, in, channels[i], c.norm_num_groups));
    if (i + 1 < channels.size()) {
      m.downsamplers_.push_back(Conv::load(weights, prefix + ".downsamplers.0.conv", channels[i], channels[i], 3, 2));
    }
  }
  m.mid_block_ = VAEMidBlock::load(weights, "encoder.mid_block", channels.back(), c.norm_num_groups);
  m.conv_norm_out_ = GroupNorm::load(weights, "encoder.conv_norm_out", channels.back(), c.norm_num_groups).in_fp32();
  m.conv_out_ = Conv::load(weights, "encoder.conv_out", channels.back(), 2 * c.latent_channels, 3).in_fp32();
  return m;
}

at::Tensor VAEEncoder::moments_whole(const at::Tensor& pixels) const {
  at::Tensor x = conv_in_((pixels * 2.0 - 1.0).to(placement_.device).to(at::kFloat)).to(placement_.dtype);
  tap("vae.encoder.conv_in", x);
  for (std::size_t i = 0; i < down_blocks_.size(); ++i) {
    for (const auto& resnet : down_blocks_[i]) x = resnet(x);
    if (i < downsamplers_.size()) x = downsamplers_[i](at::constant_pad_nd(x, {0, 1, 0, 1}));
    tap("vae.encoder.down_blocks." + std::to_string(i), x);
  }
  x = mid_block_(x);
  tap("vae.encoder.mid_block", x);
  return finish(conv_norm_out_, conv_out_, std::move(x));
}

at::Tensor VAEEncoder::moments_in_strips(const at::Tensor& pixels, std::int64_t strip) const {
  strips::Map x = strips::convolved(strips::pixel_rows(pixels, placement_.device), conv_in_, placement_.dtype, strip);
  tap_map("vae.encoder.conv_in", x);
  for (std::size_t i = 0; i < down_blocks_.size(); ++i) {
    for (const auto& resnet : down_blocks_[i]) x = strips::resnet(resnet, x, strip);
    if (i < downsamplers_.size()) x = strips::downsampled(x.rows, downsamplers_[i], strip);
    tap_map("vae.encoder.down_blocks." + std::to_string(i), x);
  }
  x = strips::mid_block(mid_block_, std::move(x), strip);
  tap_map("vae.encoder.mid_block", x);
  return strips::as_nchw(strips::finish(conv_norm_out_, conv_out_, x, strip));
}

at::Tensor VAEEncoder::encode(const at::Tensor& pixels, std::int64_t strip_rows) const {
  const at::Tensor moments = strip_rows > 0 ? moments_in_strips(pixels, strip_rows) : moments_whole(pixels);
  tap("vae.encoder.output", moments);
  const at::Tensor mode = moments.slice(1, 0, config_.latent_channels).to(at::kCPU).to(at::kFloat);
  return (mode - config_.shift_factor) * config_.scaling_factor;
}

VAEDecoder VAEDecoder::load(nn::WeightLoader& weights, const VAEConfig& c) {
  VAEDecoder m;
  m.config_ = c;
  m.placement_ = weights.placement();
  const std::vector<std::int64_t> channels(c.block_out_channels.rbegin(), c.block_out_channels.rend());
  m.conv_in_ = Conv::load(weights, "decoder.conv_in", c.latent_channels, channels.front(), 3).in_fp32();
  m.mid_block_ = VAEMidBlock::load(weights, "decoder.mid_block", channels.front(), c.norm_num_groups);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::string prefix = "decoder.up_blocks." + std::to_string(i);
    const std::int64_t in = i == 0 ? channels[0] : channels[i - 1];
    m.up_blocks_.push_back(load_resnets(weights, prefix, c.layers_per_block + 1, in, channels[i], c.norm_num_groups));
    if (i + 1 < channels.size()) {
      m.upsamplers_.push_back(Conv::load(weights, prefix + ".upsamplers.0.conv", channels[i], channels[i], 3));
    }
  }
  m.conv_norm_out_ = GroupNorm::load(weights, "decoder.conv_norm_out", channels.back(), c.norm_num_groups).in_fp32();
  m.conv_out_ = Conv::load(weights, "decoder.conv_out", channels.back(), kRGB, 3).in_fp32();
  return m;
}

at::Tensor VAEDecoder::decode_whole(const at::Tensor& unscaled) const {
  at::Tensor x = conv_in_(unscaled).to(placement_.dtype);
  tap("vae.decoder.conv_in", x);
  x = mid_block_(x);
  tap("vae.decoder.mid_block", x);
  for (std::size_t i = 0; i < up_blocks_.size(); ++i) {
    for (const auto& resnet : up_blocks_[i]) x = resnet(x);
    if (i < upsamplers_.size()) {
      x = upsamplers_[i](at::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2}));
    }
    tap("vae.decoder.up_blocks." + std::to_string(i), x);
  }
  return finish(conv_norm_out_, conv_out_, std::move(x));
}

at::Tensor VAEDecoder::decode_in_strips(const at::Tensor& unscaled, std::int64_t strip) const {
  const at::Tensor latents = unscaled.squeeze(0).permute({1, 2, 0}).contiguous();
  strips::Map x = strips::convolved(strips::held(latents), conv_in_, placement_.dtype, strip);
  tap_map("vae.decoder.conv_in", x);
  x = strips::mid_block(mid_block_, std::move(x), strip);
  tap_map("vae.decoder.mid_block", x);
  for (std::size_t i = 0; i < up_blocks_.size(); ++i) {
    for (const auto& resnet : up_blocks_[i]) x = strips::resnet(resnet, x, strip);
    if (i + 1 < upsamplers_.size()) {
      x = strips::upsampled_and_held(x.rows, upsamplers_[i], strip);
    } else if (i < upsamplers_.size()) {
      x = strips::upsampled(x.rows, upsamplers_[i], strip);
    }
    tap_map("vae.decoder.up_blocks." + std::to_string(i), x);
  }
  return strips::as_nchw(strips::finish(conv_norm_out_, conv_out_, x, strip));
}

at::Tensor VAEDecoder::decode(const at::Tensor& latents, std::int64_t strip_rows) const {
  const at::Tensor unscaled =
      (latents / config_.scaling_factor + config_.shift_factor).to(placement_.device).to(at::kFloat);
  const at::Tensor x = strip_rows > 0 ? decode_in_strips(unscaled, strip_rows) : decode_whole(unscaled);
  tap("vae.decoder.output", x);
  return (x.to(at::kCPU) / 2.0 + 0.5).clamp_(0.0, 1.0).contiguous();
}

VAE VAE::load(nn::WeightLoader& weights, const VAEConfig& config) {
  return {VAEEncoder::load(weights, config), VAEDecoder::load(weights, config)};
}

}  // namespace zimage

// The pieces that the VAE's encoder and decoder share. Tensors are [1, C, H, W].
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/vae_config.h"
#include "nn/linear.h"
#include "nn/weight_loader.h"

namespace zimage {

struct Conv {
  at::Tensor weight, bias;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  /// Loads a square kernel, in card mode channels-last, so that all maps are. A 3×3 one pads by 1 unless `stride` is 2
  /// (there the encoder pads (0, 1, 0, 1) itself).
  static Conv load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t in, std::int64_t out,
                   std::int64_t kernel, std::int64_t stride = 1);
  at::Tensor operator()(const at::Tensor& x) const;
  /// Returns the same layer with its weights in fp32.
  Conv in_fp32() const;
};

struct GroupNorm {
  static constexpr double kEps = 1e-6;
  at::Tensor weight, bias;
  std::int64_t groups = 32;
  static GroupNorm load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t channels,
                        std::int64_t groups);
  at::Tensor operator()(const at::Tensor& x) const;
  /// Returns the norm's SiLU.
  at::Tensor with_silu(const at::Tensor& x) const;
  /// Returns the same norm with its weights in fp32.
  GroupNorm in_fp32() const;
};

/// Norm, SiLU and conv, twice, plus the residual, which goes through a 1×1 conv if the widths differ.
struct ResnetBlock {
  GroupNorm norm1, norm2;
  Conv conv1, conv2, conv_shortcut;
  bool has_shortcut = false;
  static ResnetBlock load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t in, std::int64_t out,
                          std::int64_t groups);
  at::Tensor operator()(const at::Tensor& x) const;
};

/// A resnet block, single-head attention over all cells, and another resnet block.
struct VAEMidBlock {
  ResnetBlock resnet0, resnet1;
  GroupNorm group_norm;
  nn::Linear to_q, to_k, to_v, to_out;
  static VAEMidBlock load(nn::WeightLoader& weights, const std::string& prefix, std::int64_t channels,
                          std::int64_t groups);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor attend(const at::Tensor& x) const;
};

}  // namespace zimage

// Sources of the formulas: a product of [m, k] and [k, n] takes m·n·k multiply-adds, so 2·m·n·k operations; attention
// is one such product for the scores and one for the values (Chowdhery et al., "PaLM", arXiv 2204.02311, appendix B); a
// k × k convolution is a product of [out cells, k²·in] and [k²·in, out]. The layers are those of models/*.cpp.
#include "pipeline/tools/flops.h"

#include <algorithm>

namespace zimage {
namespace {

constexpr std::int64_t kTimestepFrequencies = 256;
constexpr std::int64_t kPatchCells = DiTConfig::kPatch * DiTConfig::kPatch;
constexpr std::int64_t kRGB = 3;

double product(std::int64_t rows, std::int64_t in, std::int64_t out) {
  return 2.0 * static_cast<double>(rows) * static_cast<double>(in) * static_cast<double>(out);
}

/// Scores and values of `pairs` pairs of tokens.
double attention(double pairs, std::int64_t width) { return 4.0 * pairs * static_cast<double>(width); }

double all_pairs(std::int64_t tokens) { return static_cast<double>(tokens) * static_cast<double>(tokens); }

double block(const DiTConfig& c, std::int64_t tokens, bool modulated) {
  const double linear = 4 * product(tokens, c.dim, c.dim) + 3 * product(tokens, c.dim, c.ffn_dim);
  return linear + attention(all_pairs(tokens), c.dim) + (modulated ? product(1, c.adaln_dim, 4 * c.dim) : 0.0);
}

std::int64_t padded(std::int64_t tokens) {
  return (tokens + DiTConfig::kTokenMultiple - 1) / DiTConfig::kTokenMultiple * DiTConfig::kTokenMultiple;
}

double conv(std::int64_t cells, std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return product(cells, kernel * kernel * in, out);
}

double resnet(std::int64_t cells, std::int64_t in, std::int64_t out) {
  return conv(cells, in, out, 3) + conv(cells, out, out, 3) + (in == out ? 0.0 : conv(cells, in, out, 1));
}

double mid_block(std::int64_t cells, std::int64_t channels) {
  return 2 * resnet(cells, channels, channels) + 4 * product(cells, channels, channels) +
         attention(all_pairs(cells), channels);
}

std::int64_t latent_cells(const RunSizes& sizes) { return sizes.rows * sizes.cols * kPatchCells; }

}  // namespace

std::int64_t RunSizes::image_tokens() const { return padded(rows * cols); }

std::int64_t RunSizes::caption_tokens() const { return padded(prompt_tokens); }

double dit_flops(const DiTConfig& c, const RunSizes& sizes) {
  const std::int64_t image = sizes.image_tokens();
  const std::int64_t all = image + sizes.caption_tokens();
  const std::int64_t patch = c.in_channels * kPatchCells;
  const double timestep = product(1, kTimestepFrequencies, c.t_mid_dim) + product(1, c.t_mid_dim, c.adaln_dim);
  const double embed = product(sizes.rows * sizes.cols, patch, c.dim);
  const double last = product(1, c.adaln_dim, c.dim) + product(all, c.dim, patch);
  return timestep + embed + static_cast<double>(c.n_refiner_layers) * block(c, image, true) +
         static_cast<double>(c.n_layers) * block(c, all, true) + last;
}

double dit_prepare_flops(const DiTConfig& c, const RunSizes& sizes) {
  return product(sizes.prompt_tokens, c.cap_feat_dim, c.dim) +
         static_cast<double>(c.n_refiner_layers) * block(c, sizes.caption_tokens(), false);
}

double controlnet_flops(const ControlNetConfig& c, const DiTConfig& base, const RunSizes& sizes) {
  using Refiner = ControlNetConfig::Refiner;
  const std::int64_t image = sizes.image_tokens();
  const std::int64_t all = image + sizes.caption_tokens();
  const auto layers = static_cast<double>(c.layer_places.size());
  const auto refiners = static_cast<double>(base.n_refiner_layers);
  const auto hints = static_cast<double>(c.refiner_places.size());
  double sum = product(all, base.dim, base.dim) * (1 + layers) + layers * block(base, all, true);
  if (c.refiner == Refiner::kPlain) return sum + refiners * block(base, image, true);
  // Version 2.0 runs all its control layers before the main layers, and gives only the refiner's hints.
  const double before = c.refiner == Refiner::kControlLayers ? layers : refiners;
  return sum + product(image, base.dim, base.dim) * (1 + hints) + before * block(base, image, true);
}

double text_encoder_flops(const TextEncoderConfig& c, std::int64_t tokens) {
  const std::int64_t q = c.num_attention_heads * c.head_dim;
  const std::int64_t kv = c.num_key_value_heads * c.head_dim;
  const double pairs = static_cast<double>(tokens) * static_cast<double>(tokens + 1) / 2;
  const double layer = 2 * product(tokens, c.hidden_size, q) + 2 * product(tokens, c.hidden_size, kv) +
                       3 * product(tokens, c.hidden_size, c.intermediate_size) + attention(pairs, q);
  return static_cast<double>(c.num_hidden_layers - 1) * layer;
}

double vae_encode_flops(const VAEConfig& c, const RunSizes& sizes) {
  const auto& channels = c.block_out_channels;
  std::int64_t cells = latent_cells(sizes) * VAEConfig::kScale * VAEConfig::kScale;
  double sum = conv(cells, kRGB, channels.front(), 3);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::int64_t in = channels[i == 0 ? 0 : i - 1];
    sum += resnet(cells, in, channels[i]) +
           static_cast<double>(c.layers_per_block - 1) * resnet(cells, channels[i], channels[i]);
    if (i + 1 == channels.size()) break;
    cells /= 4;
    sum += conv(cells, channels[i], channels[i], 3);
  }
  return sum + mid_block(cells, channels.back()) + conv(cells, channels.back(), 2 * c.latent_channels, 3);
}

double vae_decode_flops(const VAEConfig& c, const RunSizes& sizes) {
  const std::vector<std::int64_t> channels(c.block_out_channels.rbegin(), c.block_out_channels.rend());
  std::int64_t cells = latent_cells(sizes);
  double sum = conv(cells, c.latent_channels, channels.front(), 3) + mid_block(cells, channels.front());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const std::int64_t in = channels[i == 0 ? 0 : i - 1];
    sum += resnet(cells, in, channels[i]) +
           static_cast<double>(c.layers_per_block) * resnet(cells, channels[i], channels[i]);
    if (i + 1 == channels.size()) break;
    cells *= 4;
    sum += conv(cells, channels[i], channels[i], 3);
  }
  return sum + conv(cells, channels.back(), kRGB, 3);
}

}  // namespace zimage

#include "models/dit_config.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "models/shape_probe.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::int64_t kMaxSize = 1 << 20;
constexpr std::int64_t kMaxLayers = 1000;

// Z-Image-Turbo's published values for sizes that no tensor shows.
constexpr std::int64_t kPublishedHeadDim = 128;
const nn::RopeAxes kPublishedRope{256.0, {32, 48, 48}, {1024, 512, 512}};

DiTConfig from_shapes(const WeightSource& weights) {
  const ShapeProbe probe(weights);
  DiTConfig c;
  c.dim = probe.size("all_x_embedder.2-1.weight", 0);
  c.in_channels = probe.size("all_x_embedder.2-1.weight", 1) / (DiTConfig::kPatch * DiTConfig::kPatch);
  c.n_layers = probe.count("layers.");
  c.n_refiner_layers = probe.count("noise_refiner.");
  const std::int64_t head_dim = probe.size("layers.0.attention.norm_q.weight", 0);
  c.n_heads = head_dim > 0 ? c.dim / head_dim : 0;
  c.cap_feat_dim = probe.size("cap_embedder.1.weight", 1);
  c.t_mid_dim = probe.size("t_embedder.mlp.0.weight", 0);
  return c;
}

void apply_config(DiTConfig& c, const ConfigReader& json) {
  c.in_channels = json.integer("in_channels", 1, 1024).value_or(c.in_channels);
  c.dim = json.integer("dim", 2, kMaxSize).value_or(c.dim);
  c.n_layers = json.integer("n_layers", 1, kMaxLayers).value_or(c.n_layers);
  c.n_refiner_layers = json.integer("n_refiner_layers", 0, kMaxLayers).value_or(c.n_refiner_layers);
  c.n_heads = json.integer("n_heads", 1, kMaxSize).value_or(c.n_heads);
  c.cap_feat_dim = json.integer("cap_feat_dim", 1, kMaxSize).value_or(c.cap_feat_dim);
  c.norm_eps = json.number("norm_eps").value_or(c.norm_eps);
  c.t_scale = json.number("t_scale").value_or(c.t_scale);
  if (json.integer("siglip_feat_dim", 0, kMaxSize)) json.fail("this belongs to an Omni model, which isn't supported");
  if (json.boolean("qk_norm") == false) json.fail("'qk_norm' must be true");
  for (const auto& [key, wanted] :
       {std::pair{"all_patch_size", DiTConfig::kPatch}, {"all_f_patch_size", std::int64_t{1}}}) {
    const auto sizes = json.integers(key, 1, 64);
    if (sizes && *sizes != std::vector<std::int64_t>{wanted}) json.fail(std::string("'") + key + "' must be Z-Image's");
  }
}

void apply_rope(DiTConfig& c, const ConfigReader& json) {
  const auto dims = json.integers("axes_dims", 2, kMaxSize);
  const auto lengths = json.integers("axes_lens", 1, kMaxSize);
  if (c.n_heads > 0 && c.head_dim() == kPublishedHeadDim) c.rope = kPublishedRope;
  if (dims) c.rope.dims = *dims;
  if (lengths) c.rope.lengths = *lengths;
  c.rope.theta = json.number("rope_theta").value_or(kPublishedRope.theta);
}

[[noreturn]] void fail_weights(const WeightSource& weights) {
  throw Error(ErrorCode::kModel,
              concat({weights.description(),
                      ": these are not the weights of a Z-Image DiT: its sizes can't be read from them"}),
              "download this file again");
}

/// Refuses a model whose head size isn't the published one and that has no config.json to say what follows from it.
[[noreturn]] void fail_without_config(const DiTConfig& c, const WeightSource& weights) {
  throw Error(
      ErrorCode::kModel,
      concat({weights.description(), " has no config.json beside it, and its head size ", std::to_string(c.head_dim()),
              " isn't the published ", std::to_string(kPublishedHeadDim), ", so its position axes are unknown"}),
      "get the config.json that belongs to this file");
}

void check(const DiTConfig& c, const ConfigReader& json, const WeightSource& weights, bool has_config) {
  if (c.dim < 1 || c.in_channels < 1 || c.n_layers < 1 || c.n_heads < 1 || c.cap_feat_dim < 1) fail_weights(weights);
  if (c.dim % c.n_heads != 0) json.fail("'dim' is not a multiple of 'n_heads'");
  if (c.rope.dims.empty() || c.rope.lengths.empty()) {
    if (!has_config) fail_without_config(c, weights);
    json.fail("'axes_dims' and 'axes_lens' are needed for a model of this head size");
  }
  const bool even = std::all_of(c.rope.dims.begin(), c.rope.dims.end(), [](auto d) { return d % 2 == 0; });
  const auto sum = std::accumulate(c.rope.dims.begin(), c.rope.dims.end(), std::int64_t{0});
  if (c.rope.dims.size() != 3 || c.rope.lengths.size() != 3 || !even || sum != c.head_dim()) {
    json.fail("'axes_dims' must be three even numbers whose sum is the head size " + std::to_string(c.head_dim()) +
              ", 'axes_lens' three numbers");
  }
  if (!(c.norm_eps > 0) || !(c.rope.theta > 0)) json.fail("'norm_eps' and 'rope_theta' must be positive");
  if (c.t_mid_dim < 1) fail_weights(weights);
}

}  // namespace

std::int64_t DiTConfig::max_latent_side() const { return std::min(rope.lengths[1], rope.lengths[2]) * kPatch; }

DiTConfig DiTConfig::detect(const WeightSource& weights, const ConfigText& config) {
  const ConfigReader json(config.json.empty() ? ConfigText{weights.description(), ""} : config);
  DiTConfig c = from_shapes(weights);
  apply_config(c, json);
  apply_rope(c, json);
  check(c, json, weights, !config.json.empty());
  c.ffn_dim = static_cast<std::int64_t>(static_cast<double>(c.dim) / 3 * 8);
  c.adaln_dim = std::min<std::int64_t>(c.dim, 256);
  return c;
}

}  // namespace zimage

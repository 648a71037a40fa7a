#include "models/dit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/patchify.h"
#include "nn/card_mode.h"
#include "nn/ops.h"
#include "nn/tap.h"
#include "zimage/error.h"

namespace zimage {
namespace {

constexpr std::int64_t kTimestepFrequencies = 256;
constexpr double kTimestepMaxPeriod = 10000.0;
constexpr double kFinalNormEps = 1e-6;

void tap_block(const char* group, std::size_t index, const at::Tensor& x) {
  // Blocks overwrite their input, so a listener needs a copy of its own.
  if (tapped()) tap("dit." + std::string(group) + "." + std::to_string(index), x.clone());
}

}  // namespace

DiT DiT::load(nn::WeightLoader& weights, const DiTConfig& c) {
  DiT m;
  m.config_ = c;
  m.placement_ = weights.placement();
  const std::int64_t patch_dim = c.in_channels * DiTConfig::kPatch * DiTConfig::kPatch;
  m.x_embedder_ = weights.linear("all_x_embedder.2-1", patch_dim, c.dim, true);
  m.t_mlp0_ = weights.row_linear("t_embedder.mlp.0", kTimestepFrequencies, c.t_mid_dim, true);
  m.t_mlp2_ = weights.row_linear("t_embedder.mlp.2", c.t_mid_dim, c.adaln_dim, true);
  m.cap_norm_ = weights.tensor("cap_embedder.0.weight", {c.cap_feat_dim});
  m.cap_linear_ = weights.linear("cap_embedder.1", c.cap_feat_dim, c.dim, true);
  m.x_pad_token_ = weights.tensor("x_pad_token", {1, c.dim});
  m.cap_pad_token_ = weights.tensor("cap_pad_token", {1, c.dim});
  const auto blocks = [&](const std::string& group, std::int64_t count, bool modulated) {
    std::vector<DiTBlock> list;
    for (std::int64_t i = 0; i < count; ++i) {
      list.push_back(DiTBlock::load(weights, group + "." + std::to_string(i), c, modulated));
    }
    return list;
  };
  m.noise_refiner_ = blocks("noise_refiner", c.n_refiner_layers, true);
  m.context_refiner_ = blocks("context_refiner", c.n_refiner_layers, false);
  m.layers_ = nn::load_layers<DiTBlock>(
      weights, {.group = "layers", .count = c.n_layers},
      [&](const auto& prefix, auto) { return DiTBlock::load(weights, prefix, c, /*modulated=*/true); });
  m.final_adaln_ = weights.row_linear("all_final_layer.2-1.adaLN_modulation.1", c.adaln_dim, c.dim, true);
  m.final_linear_ = weights.linear("all_final_layer.2-1.linear", c.dim, patch_dim, true);
  weights.ignore_prefix("norm_final.");
  return m;
}

DiTContext DiT::prepare(const at::Tensor& prompt_embeds, std::int64_t height, std::int64_t width) const {
  DiTContext context;
  context.rows = height / DiTConfig::kPatch;
  context.cols = width / DiTConfig::kPatch;
  const std::int64_t caption_tokens = padded_count(prompt_embeds.size(1));
  const auto& limits = config_.rope.lengths;
  if (context.rows > limits[1] || context.cols > limits[2]) {
    throw Error(ErrorCode::kInput, "the picture is too large for the model's position tables",
                "at most " + std::to_string(config_.max_latent_side() * 8) + " pixels a side");
  }
  if (caption_tokens + 2 > limits[0]) {
    throw Error(ErrorCode::kInput, "the prompt is too long for the model's position tables", "shorten the prompt");
  }
  // On the first axis, image tokens are at the position after the padded caption; their pad tokens are at (0, 0, 0).
  const at::Tensor grid = nn::grid_positions(caption_tokens + 1, context.rows, context.cols);
  const at::Tensor image_positions = at::constant_pad_nd(grid, {0, 0, 0, padded_count(grid.size(0)) - grid.size(0)}, 0);
  const at::Tensor caption_positions =
      at::constant_pad_nd(at::arange(1, caption_tokens + 1, at::kLong).unsqueeze(1), {0, 2}, 0);
  context.image_rope = nn::rope_table(config_.rope, image_positions).to(placement_.device);
  const at::Tensor caption_rope = nn::rope_table(config_.rope, caption_positions).to(placement_.device);
  context.unified_rope = at::cat({context.image_rope, caption_rope}, 0);

  const at::Tensor embeds = prompt_embeds.to(placement_.device).to(placement_.dtype).contiguous();
  at::Tensor x = pad_tokens(cap_linear_(nn::rms_norm(embeds, cap_norm_, config_.norm_eps)), cap_pad_token_);
  if (tapped()) tap("dit.cap_embed", x.clone());
  for (std::size_t i = 0; i < context_refiner_.size(); ++i) {
    x = context_refiner_[i].forward(std::move(x), caption_rope, {}, static_cast<double>(context_refiner_.size()));
    tap_block("context_refiner", i, x);
  }
  context.caption = x;
  return context;
}

at::Tensor DiT::embed_timesteps(const std::vector<float>& timesteps) const {
  const std::int64_t half = kTimestepFrequencies / 2;
  const auto fp32 = at::TensorOptions(at::kFloat);
  const at::Tensor frequencies =
      at::exp(at::arange(0, half, fp32) * (-std::log(kTimestepMaxPeriod)) / static_cast<double>(half));
  std::vector<at::Tensor> rows;
  for (const float timestep : timesteps) {
    const at::Tensor angles = frequencies * (timestep * static_cast<float>(config_.t_scale));
    rows.push_back(at::cat({angles.cos(), angles.sin()}, 0));
  }
  const at::Tensor all = rows.size() == 1 ? rows.front().unsqueeze(0) : at::stack(rows);
  const at::Tensor embedding = all.to(placement_.device).to(placement_.dtype);
  return t_mlp2_(at::silu(t_mlp0_(embedding)));
}

DiTSteps DiT::prepare_steps(std::vector<float> timesteps, double forwards) const {
  DiTSteps steps;
  steps.forwards = forwards;
  if (!nn::in_card_mode(placement_.device) || timesteps.size() > DiTSteps::kMost) return steps;
  steps.t_emb = embed_timesteps(timesteps);
  steps.timesteps = std::move(timesteps);
  return steps;
}

DiTStep DiT::step_at(float timestep, const DiTSteps& steps) const {
  DiTStep step;
  step.forwards = steps.forwards;
  const auto known = std::find(steps.timesteps.begin(), steps.timesteps.end(), timestep);
  if (known != steps.timesteps.end()) {
    step.all = steps.t_emb;
    step.row = known - steps.timesteps.begin();
  }
  step.t_emb = step.all.defined() ? step.all.narrow(0, step.row, 1) : embed_timesteps({timestep});
  return step;
}

at::Tensor DiT::final_scale(const DiTStep& step, DiTSteps& steps) const {
  const auto scale = [&](const at::Tensor& t_emb) { return (1.0 + final_adaln_(at::silu(t_emb))).unsqueeze(1); };
  if (!step.all.defined()) return scale(step.t_emb);
  if (!steps.final_scale.defined()) steps.final_scale = scale(step.all);
  return steps.final_scale.narrow(0, step.row, 1);
}

at::Tensor DiT::forward(const at::Tensor& latents, float timestep, const DiTContext& context, HintStream* hints,
                        DiTSteps* steps) const {
  DiTSteps own;
  DiTSteps& all = steps == nullptr ? own : *steps;
  const DiTStep step = step_at(timestep, all);
  tap("dit.t_emb", step.t_emb);
  const at::Tensor input = latents.to(placement_.device).to(placement_.dtype);
  at::Tensor x = pad_tokens(x_embedder_(patchify(input)), x_pad_token_);
  if (tapped()) tap("dit.x_embed", x.clone());
  if (hints != nullptr) hints->begin_refiner(x, context, step);
  const double refiner_calls = step.forwards * static_cast<double>(noise_refiner_.size());
  for (std::size_t i = 0; i < noise_refiner_.size(); ++i) {
    const Modulation modulation = all.noise_refiner.at(i, noise_refiner_[i], step);
    x = noise_refiner_[i].forward(std::move(x), context.image_rope, modulation, refiner_calls);
    if (hints != nullptr) hints->add_refiner_hint(i, x);
    tap_block("noise_refiner", i, x);
  }
  x = at::cat({x, context.caption}, 1);
  if (hints != nullptr) hints->begin_layers(x, context, step);
  const double calls = step.forwards * static_cast<double>(layers_.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const DiTBlock& layer = layers_.at(i);
    const Modulation modulation = all.layers.at(i, layer, step);
    x = layer.forward(std::move(x), context.unified_rope, modulation, calls);
    if (hints != nullptr) hints->add_hint(i, x);
    tap_block("layers", i, x);
  }
  x = final_linear_(nn::modulated_layer_norm(x, kFinalNormEps, final_scale(step, all)));
  tap("dit.final", x);
  const at::Tensor output = unpatchify(x, context.rows, context.cols).to(at::kFloat).to(latents.device());
  tap("dit.output", output);
  return output;
}

}  // namespace zimage

#include "models/controlnet.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "models/patchify.h"
#include "nn/tap.h"

namespace zimage {
namespace {

ControlBlock load_block(nn::WeightLoader& weights, const std::string& prefix, std::size_t index,
                        const DiTConfig& base) {
  ControlBlock b;
  b.block = DiTBlock::load(weights, prefix, base, /*modulated=*/true);
  if (index == 0) b.before_proj = weights.linear(prefix + ".before_proj", base.dim, base.dim, true);
  b.after_proj = weights.linear(prefix + ".after_proj", base.dim, base.dim, true);
  return b;
}

/// Returns which hint, if any, a layer takes.
std::optional<std::size_t> ordinal(const std::vector<std::int64_t>& places, std::size_t layer) {
  const auto it = std::find(places.begin(), places.end(), static_cast<std::int64_t>(layer));
  if (it == places.end()) return {};
  return static_cast<std::size_t>(it - places.begin());
}

}  // namespace

void ControlBlock::map_tensors(const nn::TensorMap& map) {
  block.map_tensors(map);
  for (nn::Linear* layer : {&before_proj, &after_proj}) nn::map_tensors(*layer, map);
}

ControlNet ControlNet::load(nn::WeightLoader& weights, const ControlNetConfig& config, const DiTConfig& base) {
  using Refiner = ControlNetConfig::Refiner;
  ControlNet net;
  net.config_ = config;
  net.placement_ = weights.placement();
  constexpr std::int64_t kCells = DiTConfig::kPatch * DiTConfig::kPatch;
  net.x_embedder_ = weights.linear("control_all_x_embedder.2-1", config.channels * kCells, base.dim, true);
  const auto load = [&](const std::string& prefix, std::size_t i) { return load_block(weights, prefix, i, base); };
  const auto count = static_cast<std::int64_t>(config.layer_places.size());
  net.layers_ = nn::load_layers<ControlBlock>(weights, {.group = "control_layers", .count = count}, load);
  std::vector<ControlBlock> refiner;
  for (std::int64_t i = 0; i < base.n_refiner_layers; ++i) {
    const std::string prefix = "control_noise_refiner." + std::to_string(i);
    if (config.refiner == Refiner::kPlain) {
      net.plain_refiner_.push_back(DiTBlock::load(weights, prefix, base, /*modulated=*/true));
    } else if (config.refiner == Refiner::kControlNoiseRefiner) {
      refiner.push_back(load(prefix, static_cast<std::size_t>(i)));
    }
  }
  net.noise_refiner_ = nn::LayerStore(std::move(refiner));
  // Files of version 2.0 may hold refiner blocks that were never trained.
  if (config.refiner == Refiner::kControlLayers) weights.ignore_prefix("control_noise_refiner.");
  return net;
}

ControlContext ControlNet::prepare(const at::Tensor& control_context, const at::Tensor& x_pad_token,
                                   double scale) const {
  const at::Tensor input = control_context.to(placement_.device).to(placement_.dtype);
  const at::Tensor tokens = pad_tokens(x_embedder_(patchify(input)), x_pad_token);
  tap("control.embed", tokens);
  return {tokens, scale};
}

const nn::LayerStore<ControlBlock>& ControlPass::refiner_blocks() const {
  return net_.config_.refiner == ControlNetConfig::Refiner::kControlLayers ? net_.layers_ : net_.noise_refiner_;
}

Modulations& ControlPass::modulations_of(const nn::LayerStore<ControlBlock>& blocks) {
  // Where the layers serve as the refiner, their modulations serve twice too.
  return &blocks == &net_.layers_ ? modulations_.layers : modulations_.noise_refiner;
}

void ControlPass::advance(const nn::LayerStore<ControlBlock>& blocks) {
  const DiTBlock& block = blocks.at(next_).block;
  const Modulation modulation = modulations_of(blocks).at(next_, block, step_);
  c_ = block.forward(std::move(c_), rope_, modulation, step_.forwards * static_cast<double>(blocks.size()));
  ++next_;
}

void ControlPass::add(const ControlBlock& block, const char* tap_name, at::Tensor& x) const {
  const at::Tensor hint = block.after_proj(c_);
  if (tapped()) tap(std::string(tap_name) + std::to_string(next_ - 1), hint);
  // This rounds once. The trainer's x + hint · scale rounds twice, so in bf16 the last bit may differ.
  x.add_(hint, context_.scale);
}

void ControlPass::begin_refiner(const at::Tensor& x, const DiTContext& context, const DiTStep& step) {
  rope_ = context.image_rope;
  step_ = step;
  next_ = 0;
  if (net_.config_.refiner == ControlNetConfig::Refiner::kPlain) {
    c_ = context_.tokens.clone();  // blocks overwrite their input, and the tokens serve every step
    for (std::size_t i = 0; i < net_.plain_refiner_.size(); ++i) {
      const DiTBlock& block = net_.plain_refiner_[i];
      c_ = block.forward(std::move(c_), rope_, modulations_.noise_refiner.at(i, block, step_), step_.forwards);
    }
    return;
  }
  c_ = refiner_blocks().at(0).before_proj(context_.tokens).add_(x);
}

void ControlPass::add_refiner_hint(std::size_t layer, at::Tensor& x) {
  if (net_.config_.refiner == ControlNetConfig::Refiner::kPlain) return;
  const auto hint = ordinal(net_.config_.refiner_places, layer);
  if (!hint) return;
  const auto& blocks = refiner_blocks();
  while (next_ <= *hint) advance(blocks);
  add(blocks.at(*hint), "control.refiner_hints.", x);
}

void ControlPass::begin_layers(const at::Tensor& x, const DiTContext& context, const DiTStep& step) {
  if (net_.config_.refiner != ControlNetConfig::Refiner::kPlain) {
    // The refiner's remaining blocks give no hints, but the next group starts from their output.
    while (next_ < refiner_blocks().size()) advance(refiner_blocks());
  }
  if (tapped()) tap("control.refiner_output", c_.clone());
  rope_ = context.unified_rope;
  step_ = step;
  next_ = 0;
  c_ = net_.layers_.at(0).before_proj(at::cat({c_, context.caption}, 1)).add_(x);
}

void ControlPass::add_hint(std::size_t layer, at::Tensor& x) {
  const auto hint = ordinal(net_.config_.layer_places, layer);
  if (!hint) return;
  while (next_ <= *hint) advance(net_.layers_);
  add(net_.layers_.at(*hint), "control.hints.", x);
}

}  // namespace zimage

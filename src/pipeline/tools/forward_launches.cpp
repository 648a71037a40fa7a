#include "pipeline/tools/forward_launches.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>

#include <filesystem>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "models/controlnet.h"
#include "models/dit.h"
#include "nn/card_mode.h"
#include "nn/kernels/kernel_ops.h"
#include "pipeline/tools/flops.h"

namespace zimage {
namespace {

const at::Device kNowhere(at::kMeta);

at::Tensor shaped(at::IntArrayRef sizes, at::ScalarType dtype) {
  return at::empty(sizes, at::TensorOptions(dtype).device(kNowhere));
}

/// Returns memory for the result [B, H, L, d] of attention in the order that a card's kernels write, [B, L, H, d].
at::Tensor attention_result(const at::Tensor& query, const at::Tensor&, const at::Tensor&,
                            const std::optional<at::Tensor>&, double, bool, std::optional<double>, bool) {
  return at::empty({query.size(0), query.size(2), query.size(1), query.size(3)}, query.options()).transpose(1, 2);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> layer_norm_result(const at::Tensor& x, c10::SymIntArrayRef,
                                                                 const std::optional<at::Tensor>&,
                                                                 const std::optional<at::Tensor>&, double) {
  return {at::empty_like(x), at::empty({0}, x.options()), at::empty({0}, x.options())};
}

/// While it lives, attention and LayerNorm take tensors without memory. ATen would compose them of operations, of which
/// some don't.
class KernelsNowhere {
 public:
  KernelsNowhere()
      : attention_(registered("aten::scaled_dot_product_attention", &attention_result)),
        layer_norm_(registered("aten::native_layer_norm", &layer_norm_result)) {}

 private:
  template <class Function>
  static c10::RegistrationHandleRAII registered(const char* name, Function* function) {
    return c10::Dispatcher::singleton().registerImpl(
        {name, ""}, c10::DispatchKey::Meta, c10::KernelFunction::makeFromUnboxedRuntimeFunction(function),
        c10::impl::CppSignature::make<Function>(), nullptr, "counting of launches");
  }

  c10::RegistrationHandleRAII attention_, layer_norm_;
};

/// Counts what `work` launches.
template <class Work>
LaunchCounts counted(ForwardStyle style, Work work) {
  LaunchCounter counter(kNowhere);
  std::optional<nn::kernels::ScopedPortableKernels> kernels;
  if (style == ForwardStyle::kCard) kernels.emplace(counter);
  work();
  return counter.counts();
}

/// Has no weights. A loader that only checks makes placeholders of those that are missing, which is all that is needed.
class NoWeights final : public WeightSource {
 public:
  std::vector<std::string> names() const override { return {}; }
  const WeightInfo* find(const std::string&) const override { return nullptr; }
  StoredWeight stored(const std::string&) const override { return {}; }
  void release(const std::string&) const override {}
  std::string description() const override { return "no weights"; }
  std::vector<std::filesystem::path> files() const override { return {}; }
};

LaunchCounts count_block(nn::WeightLoader& loader, const DiTConfig& config, const at::Tensor& x, const at::Tensor& rope,
                         ForwardStyle style) {
  const DiTBlock block = DiTBlock::load(loader, "layers.0", config, /*modulated=*/true);
  const at::Tensor t_emb = shaped({2, config.adaln_dim}, at::kBFloat16);
  DiTStep step{.t_emb = t_emb.narrow(0, 1, 1), .all = {}, .row = 1, .forwards = 1};
  if (style == ForwardStyle::kCard) step.all = t_emb;
  Modulations modulations;
  modulations.at(0, block, step);
  return counted(style, [&] { block.forward(x, rope, modulations.at(0, block, step)); });
}

}  // namespace

ForwardLaunches count_forward_launches(const DiTConfig& config, const ControlNetConfig* control, const RunSizes& sizes,
                                       ForwardStyle style) {
  const c10::InferenceMode guard;
  const nn::ScopedCardMode mode(style == ForwardStyle::kCard);
  const KernelsNowhere kernels;
  const NoWeights weights;
  nn::WeightLoader loader(weights, {.device = kNowhere, .dtype = at::kBFloat16}, nn::WeightLoader::Mode::kCheck);
  const DiT dit = DiT::load(loader, config);
  const std::int64_t rows = DiTConfig::kPatch * sizes.rows;
  const std::int64_t cols = DiTConfig::kPatch * sizes.cols;
  const DiTContext context =
      dit.prepare(shaped({1, sizes.prompt_tokens, config.cap_feat_dim}, at::kBFloat16), rows, cols);
  std::optional<ControlNet> net;
  ControlContext control_context;
  if (control != nullptr) {
    net = ControlNet::load(loader, *control, config);
    control_context = net->prepare(shaped({1, control->channels, rows, cols}, at::kFloat), dit.x_pad_token(), 1.0);
  }
  const at::Tensor latents = shaped({1, config.in_channels, rows, cols}, at::kFloat);
  DiTSteps steps = dit.prepare_steps({0.25F, 0.75F}, 2);
  ControlModulations modulations;
  const auto forward = [&](float timestep) {
    if (!net) {
      dit.forward(latents, timestep, context, nullptr, &steps);
    } else {
      ControlPass hints(*net, control_context, &modulations);
      dit.forward(latents, timestep, context, &hints, &steps);
    }
  };
  forward(0.25F);
  ForwardLaunches found;
  found.forward = counted(style, [&] { forward(0.75F); });
  const at::Tensor x = shaped({1, sizes.image_tokens() + sizes.caption_tokens(), config.dim}, at::kBFloat16);
  found.activation_bytes = static_cast<double>(x.nbytes());
  found.block = count_block(loader, config, x, context.unified_rope, style);
  return found;
}

}  // namespace zimage

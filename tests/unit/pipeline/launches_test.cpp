// What a card is asked to do in a forward: counted, and bounded.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "models/dit.h"
#include "nn/card_mode.h"
#include "nn/kernels/kernel_ops.h"
#include "pipeline/tools/forward_launches.h"
#include "pipeline/tools/published_dit.h"
#include "support/catch.h"
#include "support/random_weights.h"

namespace zimage {
namespace {

/// A picture of 1024×1024 pixels and a short prompt.
constexpr RunSizes kMegapixel{.rows = 64, .cols = 64, .prompt_tokens = 64};

/// Returns what a DiT of this config asks for.
test::NamedShapes shapes_of(const DiTConfig& config) {
  const test::MemorySource none;
  nn::WeightLoader loader(none, {}, nn::WeightLoader::Mode::kCheck);
  DiT::load(loader, config);
  return loader.asked();
}

ForwardLaunches published(ForwardStyle style) {
  return count_forward_launches(published_dit_config(), nullptr, kMegapixel, style);
}

TEST_CASE("a forward of the published shape takes at most 400 launches and 23 activations of traffic a block") {
  const ForwardLaunches card = published(ForwardStyle::kCard);
  CHECK(card.forward.launches <= 400);
  CHECK(card.activations_a_block() <= 23.0);
  // Something is counted: a block takes five products and attention, and can't do with less than its residuals.
  CHECK(card.block.products == 5);
  CHECK(card.block.attentions == 1);
  CHECK(card.forward.attentions == 32);
  CHECK(card.forward.launches >= 32 * 10);
  CHECK(card.activations_a_block() >= 15.0);
  CHECK(card.forward.transfers == 0);
}

TEST_CASE("the counts are those that were computed by hand for ATen's operations one after another") {
  const ForwardLaunches plain = published(ForwardStyle::kPlain);
  CHECK(plain.block.launches == 75);
  CHECK(plain.block.products == 8);
  CHECK(plain.activations_a_block() == Approx(155).epsilon(0.03));
  CHECK(plain.forward.launches == Approx(2420).epsilon(0.01));
  CHECK(plain.forward.attentions == 32);
}

TEST_CASE("a ControlNet 2.1 adds its blocks and hints") {
  const ControlNetConfig control = published_controlnet_config();
  const auto launches = [&](ForwardStyle style) {
    return count_forward_launches(published_dit_config(), &control, kMegapixel, style).forward.launches -
           published(style).forward.launches;
  };
  CHECK(launches(ForwardStyle::kPlain) == Approx(1315).epsilon(0.02));
  CHECK(launches(ForwardStyle::kCard) <= 17 * 11 + 17 * 2 + 10);
  CHECK(launches(ForwardStyle::kCard) >= 17 * 11 + 17 * 2);
}

TEST_CASE("counts on tensors without memory are those of a forward that computes") {
  const c10::InferenceMode guard;
  DiTConfig config = published_dit_config();
  config.dim = 96;
  config.n_heads = 3;
  config.n_layers = 2;
  config.n_refiner_layers = 1;
  config.cap_feat_dim = 24;
  config.ffn_dim = 256;
  config.adaln_dim = 96;
  config.t_mid_dim = 32;
  config.rope = {256.0, {8, 12, 12}, {1024, 512, 512}};
  const RunSizes sizes{.rows = 6, .cols = 8, .prompt_tokens = 20};
  const ForwardLaunches expected = count_forward_launches(config, nullptr, sizes, ForwardStyle::kCard);
  const nn::ScopedCardMode mode(true);
  const test::MemorySource weights = test::random_weights(shapes_of(config));
  nn::WeightLoader loader(weights, {.dtype = at::kBFloat16}, nn::WeightLoader::Mode::kLoad);
  const DiT dit = DiT::load(loader, config);
  REQUIRE(loader.problems().summary(3) == "");
  const DiTContext context = dit.prepare(at::randn({1, 20, 24}), 12, 16);
  DiTSteps steps = dit.prepare_steps({0.25F, 0.75F}, 2);
  const at::Tensor latents = at::randn({1, 16, 12, 16});
  dit.forward(latents, 0.25F, context, nullptr, &steps);
  LaunchCounter counter(at::kCPU, &nn::kernels::cpu_executor());
  const nn::kernels::ScopedPortableKernels kernels(counter);
  dit.forward(latents, 0.75F, context, nullptr, &steps);
  // The CPU's own attention of bf16 is no operation of ATen's.
  const std::int64_t attentions = counter.counts().attentions == 0 ? expected.forward.attentions : 0;
  CHECK(counter.counts().launches + attentions == expected.forward.launches);
  CHECK(counter.counts().products == expected.forward.products);
  CHECK(counter.counts().bytes == Approx(expected.forward.bytes).epsilon(1e-9));
}

TEST_CASE("views and memory don't count, and what ATen composes counts by its parts") {
  const c10::InferenceMode guard;
  const at::Tensor x = at::randn({4, 6});
  const at::Tensor weight = at::randn({3, 6});
  LaunchCounter counter(at::kCPU);
  x.t().unsqueeze(0).chunk(2, 1);
  at::empty({3});
  x.to(at::kFloat).contiguous().reshape({2, 12});
  CHECK(counter.counts().launches == 0);
  at::linear(x, weight);
  CHECK(counter.counts().launches == 1);
  CHECK(counter.counts().products == 1);
  CHECK(counter.counts().bytes == 0);
  x.to(at::kBFloat16);
  CHECK(counter.counts().launches == 2);
  CHECK(counter.counts().bytes == 24 * 4 + 24 * 2);
  x.square();
  CHECK(counter.counts().launches == 3);
  x * 2.0;
  CHECK(counter.counts().launches == 4);
  x.expand({5, 4, 6}).add(1.0);
  CHECK(counter.counts().launches == 5);
  CHECK(counter.counts().bytes == (24 * 4 + 24 * 2) + 2 * (2 * 24 * 4) + (24 + 5 * 24) * 4);
}

TEST_CASE("a portable kernel counts as a launch and is passed on") {
  const c10::InferenceMode guard;
  const at::Tensor x = at::randn({5, 32}), weight = at::ones({32});
  LaunchCounter counter(at::kCPU, &nn::kernels::cpu_executor());
  const at::Tensor made = nn::kernels::norm(counter, x, weight, 1e-5, {});
  CHECK(counter.counts().launches == 1);
  CHECK(counter.counts().by_name.at("norm") == 1);
  CHECK(counter.counts().bytes == 2 * 5 * 32 * 4);
  CHECK(made.square().mean().item<float>() == Approx(1.0).epsilon(1e-3));
}

}  // namespace
}  // namespace zimage

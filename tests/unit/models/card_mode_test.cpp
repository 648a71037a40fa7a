// Models that work as they do on a card give what they give otherwise, but for the last digits.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "models/controlnet.h"
#include "models/dit.h"
#include "models/vae.h"
#include "nn/card_mode.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/tap.h"
#include "support/catch.h"
#include "support/kernel_checks.h"
#include "support/random_weights.h"
#include "weights/open_weights.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(ZIMAGE_SOURCE_DIR) / "tests" / "fixtures";
const std::vector<float> kTimesteps = {0.7F, 0.1F, 0.4F};

ConfigText config_of(const fs::path& folder) {
  std::ifstream file(kFixtures / folder / "config.json");
  std::ostringstream text;
  text << file.rdbuf();
  return {(folder / "config.json").string(), text.str()};
}

template <class Model, class... Configs>
Model load(const WeightSource& source, nn::Placement placement, const Configs&... configs) {
  nn::WeightLoader weights(source, placement, nn::WeightLoader::Mode::kLoad);
  return Model::load(weights, configs...);
}

double apart(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return ((a - b).norm() / b.norm()).item<double>();
}

struct Fixture {
  explicit Fixture(const std::string& folder)
      : source(open_part(kFixtures / folder, Part::kDiT).weights),
        config(DiTConfig::detect(*source, config_of(folder))) {
    at::manual_seed(3);
    latents = at::randn({2, config.in_channels, 8, 12});
    prompt = at::randn({2, 20, config.cap_feat_dim});
  }
  DiT dit(const nn::Placement& placement = {}) const { return load<DiT>(*source, placement, config); }
  DiTContext context(const DiT& dit) const {
    DiTContext made = dit.prepare(prompt.narrow(0, 0, 1), 8, 12);
    made.caption = at::cat({made.caption, dit.prepare(prompt.narrow(0, 1, 1), 8, 12).caption}, 0);
    return made;
  }
  std::shared_ptr<const WeightSource> source;
  DiTConfig config;
  at::Tensor latents, prompt;
};

TEST_CASE("a DiT in card mode computes what it computes elsewhere, resident or streamed, with or without kernels") {
  const c10::InferenceMode guard;
  const Fixture in("models/a/transformer");
  const DiT plain = in.dit();
  const DiTContext context = in.context(plain);
  const nn::ScopedCardMode mode(true);
  const bool portable = GENERATE(false, true);
  const std::int64_t resident = GENERATE(0, 2, 100);
  CAPTURE(portable, resident);
  std::optional<nn::kernels::ScopedPortableKernels> kernels;
  if (portable) kernels.emplace();
  nn::Placement placement;
  placement.resident_layers = resident;
  const DiT card = in.dit(placement);
  const DiTContext card_context = in.context(card);
  DiTSteps steps = card.prepare_steps(kTimesteps, 3);
  REQUIRE(steps.t_emb.size(0) == 3);
  // Another timestep than the picture's own is computed alone, and a step may come again.
  for (const float timestep : {0.7F, 0.4F, 0.25F, 0.1F, 0.4F}) {
    CAPTURE(timestep);
    kernels.reset();
    const at::Tensor expected = plain.forward(in.latents, timestep, context);
    if (portable) kernels.emplace();
    CHECK(apart(card.forward(in.latents, timestep, card_context, nullptr, &steps), expected) < 1e-5);
  }
}

TEST_CASE("each step has its own modulation in card mode") {
  const c10::InferenceMode guard;
  const nn::ScopedCardMode mode(true);
  const Fixture in("models/a/transformer");
  const DiT dit = in.dit();
  const DiTContext context = in.context(dit);
  DiTSteps steps = dit.prepare_steps(kTimesteps, 3);
  const at::Tensor first = dit.forward(in.latents, 0.7F, context, nullptr, &steps);
  CHECK(apart(dit.forward(in.latents, 0.1F, context, nullptr, &steps), first) > 1e-3);
  CHECK(steps.final_scale.size(0) == 3);
}

TEST_CASE("a DiT in fp8 and card mode quantises the input of each product once, in one launch") {
  const c10::InferenceMode guard;
  const Fixture in("models/b/transformer");
  nn::Placement placement;
  placement.fp8 = true;
  const DiT plain = in.dit(placement);
  const at::Tensor expected = plain.forward(in.latents, 0.7F, in.context(plain));
  const nn::ScopedCardMode mode(true);
  const DiT card = in.dit(placement);
  const DiTContext context = in.context(card);
  test::CountingLanes executor;
  const nn::kernels::ScopedPortableKernels kernels(executor);
  // Sums in another order may move a number to the next one of 4 bits.
  CHECK(apart(card.forward(in.latents, 0.7F, context), expected) < 0.02);
  const std::int64_t blocks = in.config.n_layers + in.config.n_refiner_layers;
  CHECK(executor.launches.at("quantise_fp8") == 5 * blocks);  // q, k and v; to_out; w1; w3; w2
}

TEST_CASE("elsewhere, prepared steps don't change a bit") {
  const c10::InferenceMode guard;
  const Fixture in("models/a/transformer");
  const DiT dit = in.dit();
  const DiTContext context = in.context(dit);
  DiTSteps steps = dit.prepare_steps(kTimesteps, 3);
  CHECK_FALSE(steps.t_emb.defined());
  for (const float timestep : kTimesteps) {
    CHECK(at::equal(dit.forward(in.latents, timestep, context, nullptr, &steps),
                    dit.forward(in.latents, timestep, context)));
  }
}

TEST_CASE("so many steps that their modulations would take much memory are computed one by one") {
  const nn::ScopedCardMode mode(true);
  const Fixture in("models/a/transformer");
  const std::vector<float> most(DiTSteps::kMost, 0.5F), more(DiTSteps::kMost + 1, 0.5F);
  CHECK(in.dit().prepare_steps(most, 1).t_emb.defined());
  CHECK_FALSE(in.dit().prepare_steps(more, 1).t_emb.defined());
}

TEST_CASE("a ControlNet in card mode gives the hints that it gives elsewhere") {
  const c10::InferenceMode guard;
  const auto [name, base] = GENERATE(table<std::string, std::string>(
      {{"v1", "models/a/transformer"}, {"v20", "models/a/transformer"}, {"v21", "controlnets/base/transformer"}}));
  CAPTURE(name);
  const Fixture in(base);
  const auto source = open_part(kFixtures / "controlnets" / name / "controlnet.safetensors", Part::kControlNet).weights;
  const auto config = ControlNetConfig::detect(*source, config_of(fs::path("controlnets") / name), in.config);
  const at::Tensor control = at::randn({2, config.channels, 8, 12});
  std::vector<at::Tensor> expected;
  {
    const DiT dit = in.dit();
    const auto net = load<ControlNet>(*source, {}, config, in.config);
    const ControlContext prepared = net.prepare(control, dit.x_pad_token(), 0.8);
    for (const float timestep : kTimesteps) {
      ControlPass hints(net, prepared);
      expected.push_back(dit.forward(in.latents, timestep, in.context(dit), &hints));
    }
  }
  const nn::ScopedCardMode mode(true);
  const DiT dit = in.dit();
  const auto net = load<ControlNet>(*source, {}, config, in.config);
  const ControlContext prepared = net.prepare(control, dit.x_pad_token(), 0.8);
  DiTSteps steps = dit.prepare_steps(kTimesteps, 3);
  ControlModulations modulations;
  for (std::size_t i = 0; i < kTimesteps.size(); ++i) {
    ControlPass hints(net, prepared, &modulations);
    CHECK(apart(dit.forward(in.latents, kTimesteps[i], in.context(dit), &hints, &steps), expected[i]) < 1e-5);
  }
}

constexpr std::int64_t kDivisor = 16;

auto small_vae_source() { return test::random_weights(test::smaller_vae(test::diffusers_vae(), kDivisor)); }

VAE small_vae(at::ScalarType dtype, bool card) {
  VAEConfig config;
  config.block_out_channels = {128 / kDivisor, 256 / kDivisor, 512 / kDivisor, 512 / kDivisor};
  config.norm_num_groups = 4;
  const nn::ScopedCardMode mode(card);
  const auto source = small_vae_source();
  return load<VAE>(source, {.dtype = dtype}, config);
}

TEST_CASE("a VAE in card mode computes what it computes elsewhere, on channels-last maps") {
  const c10::InferenceMode guard;
  const VAE plain = small_vae(at::kFloat, false);
  at::manual_seed(7);
  const at::Tensor latents = at::randn({1, 16, 7, 9}) * 0.3;
  const at::Tensor pixels = at::rand({1, 3, 56, 72});
  const at::Tensor decoded = plain.decoder.decode(latents);
  const at::Tensor encoded = plain.encoder.encode(pixels);
  const VAE card = small_vae(at::kFloat, true);
  const nn::ScopedCardMode mode(true);
  const bool portable = GENERATE(false, true);
  CAPTURE(portable);
  std::optional<nn::kernels::ScopedPortableKernels> kernels;
  if (portable) kernels.emplace();
  std::set<std::string> other;
  int maps = 0;
  const TapScope taps([&](const std::string& name, const at::Tensor& map) {
    ++maps;
    if (!map.is_contiguous(at::MemoryFormat::ChannelsLast)) other.insert(name);
  });
  CHECK(apart(card.decoder.decode(latents), decoded) < 1e-5);
  CHECK(apart(card.encoder.encode(pixels), encoded) < 1e-5);
  CHECK(maps >= 12);
  CHECK(other == std::set<std::string>{});
  for (const std::int64_t strip : {3, 16}) {
    CHECK(apart(card.decoder.decode(latents, strip), decoded) < 1e-5);
    CHECK(apart(card.encoder.encode(pixels, strip), encoded) < 1e-5);
  }
}

/// Returns how many different values the middle half of the range has; bf16 has 2^8 of each power of two.
std::int64_t levels(const at::Tensor& pixels) {
  const at::Tensor flat = pixels.flatten();
  const at::Tensor inner = flat.masked_select(at::logical_and(flat > 0.25, flat < 0.75));
  return std::get<0>(at::_unique2(at::round(inner * 65535.0))).numel();
}

TEST_CASE("a 16-bit VAE's pixels have far more levels than 9 bits, whole and in strips") {
  const c10::InferenceMode guard;
  const bool card = GENERATE(false, true);
  const std::int64_t strip = GENERATE(0, 16);
  CAPTURE(card, strip);
  at::manual_seed(9);
  const at::Tensor latents = at::randn({1, 16, 24, 24}) * 0.3;
  const nn::ScopedCardMode mode(card);
  const at::Tensor exact = small_vae(at::kFloat, card).decoder.decode(latents, strip);
  const at::Tensor made = small_vae(at::kBFloat16, card).decoder.decode(latents, strip);
  CHECK(levels(made) > 4096);
  CHECK(levels(made) > levels(exact) / 2);
  CHECK(levels(made.to(at::kBFloat16).to(at::kFloat)) < 512);  // the count would notice a rounded map
  CHECK(apart(made, exact) < 0.05);                            // some forty layers round to 8 bits each
}

/// Returns the norm, SiLU and convolution at the end of a VAE's part, of weights that were rounded to `dtype`: in fp32,
/// or with what the convolution is given rounded too.
at::Tensor end_of(const WeightSource& source, const std::string& part, const at::Tensor& map, at::ScalarType dtype,
                  bool rounded) {
  const auto weight = [&](const std::string& name) {
    return source.stored(concat({part, ".", name})).data.to(dtype).to(at::kFloat);
  };
  at::Tensor normed =
      at::group_norm(map.to(at::kFloat), 4, weight("conv_norm_out.weight"), weight("conv_norm_out.bias"), 1e-6);
  at::silu_(normed);
  if (rounded) normed = normed.to(dtype).to(at::kFloat);
  return at::conv2d(normed, weight("conv_out.weight"), weight("conv_out.bias"), 1, 1);
}

TEST_CASE("a 16-bit VAE ends in fp32: its last norm rounds nothing, whole and in strips") {
  const c10::InferenceMode guard;
  const bool card = GENERATE(false, true), portable = GENERATE(false, true);
  const std::int64_t strip = GENERATE(0, 16);
  const auto dtype = GENERATE(at::kBFloat16, at::kHalf);
  CAPTURE(card, portable, strip, dtype);
  const nn::ScopedCardMode mode(card);
  std::optional<nn::kernels::ScopedPortableKernels> kernels;
  if (portable) kernels.emplace();
  const VAE vae = small_vae(dtype, card);
  const auto source = small_vae_source();
  std::map<std::string, at::Tensor> maps;
  const TapScope taps([&](const std::string& name, const at::Tensor& map) { maps[name] = map.clone(); });
  at::manual_seed(9);
  vae.decoder.decode(at::randn({1, 16, 24, 24}) * 0.3, strip);
  vae.encoder.encode(at::rand({1, 3, 48, 64}), strip);
  const std::vector<std::array<std::string, 3>> ends{{"decoder", "vae.decoder.up_blocks.3", "vae.decoder.output"},
                                                     {"encoder", "vae.encoder.mid_block", "vae.encoder.output"}};
  for (const auto& [part, before, after] : ends) {
    CAPTURE(part);
    CHECK(maps.at(before).scalar_type() == dtype);
    CHECK(maps.at(after).scalar_type() == at::kFloat);
    const at::Tensor exact = end_of(source, part, maps.at(before), dtype, false);
    CHECK(apart(maps.at(after), exact) < 5e-5);
    CHECK(apart(end_of(source, part, maps.at(before), dtype, true), exact) > 1e-4);  // so the bound would notice it
  }
}

}  // namespace
}  // namespace zimage

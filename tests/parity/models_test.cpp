// Compares each model with its oracle: the DiT and VAE with diffusers, the text encoder with transformers.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "models/dit.h"
#include "models/text_encoder.h"
#include "models/vae.h"
#include "parity/reference.h"
#include "support/catch.h"
#include "weights/open_weights.h"

namespace zimage::test {
namespace {

constexpr double kLimit = 1e-5;

void compare_taps(Agreement& agreement, const ModelFixture& fixture, const nlohmann::json& call,
                  const TapRecorder& taps) {
  const std::string name = call["name"];
  for (const std::string tap : call["taps"]) {
    agreement.compare(name + " " + tap, taps.last(tap), fixture.tensor(name + ".taps." + tap));
  }
}

void check_text_encoder(const ModelFixture& fixture, bool packed) {
  const auto folder = fixture.folder / "text_encoder";
  const auto source = open_part(folder, Part::kTextEncoder).weights;
  const auto config = TextEncoderConfig::detect(*source, config_of(folder));
  const auto model = load_part<TextEncoder>(*source, packed, config);
  Agreement agreement("text encoder");
  for (const auto& call : fixture.calls["text_encoder"]) {
    const TapRecorder taps;
    const auto ids = call["ids"].get<std::vector<std::int64_t>>();
    const std::string name = call["name"];
    agreement.compare(name, model.forward(ids), fixture.tensor(name + ".output"));
    compare_taps(agreement, fixture, call, taps);
  }
  agreement.check(kLimit);
}

void check_dit(const ModelFixture& fixture, bool packed) {
  const auto folder = fixture.folder / "transformer";
  const auto source = open_part(folder, Part::kDiT).weights;
  const auto config = DiTConfig::detect(*source, config_of(folder));
  const auto model = load_part<DiT>(*source, packed, config);
  const at::Tensor embeds = fixture.tensor("dit.prompt_embeds");
  Agreement agreement("DiT");
  for (const auto& call : fixture.calls["dit"]) {
    const TapRecorder taps;
    const std::string name = call["name"];
    const at::Tensor latents = fixture.tensor(name + ".latents");
    const at::Tensor prompt = embeds.slice(1, 0, call["prompt_tokens"].get<std::int64_t>());
    const DiTContext context = model.prepare(prompt, latents.size(2), latents.size(3));
    const at::Tensor output = model.forward(latents, call["timestep"].get<float>(), context);
    agreement.compare(name, output, fixture.tensor(name + ".output"));
    compare_taps(agreement, fixture, call, taps);
  }
  agreement.check(kLimit);
}

/// `strip_rows` 0 computes every map whole.
void check_vae(const ModelFixture& fixture, bool packed, std::int64_t strip_rows) {
  const auto folder = fixture.folder / "vae";
  const auto source = open_part(folder, Part::kVAE).weights;
  const auto config = VAEConfig::detect(*source, config_of(folder));
  const auto model = load_part<VAE>(*source, packed, config);
  Agreement agreement("VAE");
  for (const auto& call : fixture.calls["vae"]) {
    const TapRecorder taps;
    const std::string name = call["name"];
    agreement.compare(name + ".encoded", model.encoder.encode(fixture.tensor(name + ".pixels"), strip_rows),
                      fixture.tensor(name + ".encoded"));
    agreement.compare(name + ".decoded", model.decoder.decode(fixture.tensor(name + ".latents"), strip_rows),
                      fixture.tensor(name + ".decoded"));
    compare_taps(agreement, fixture, call, taps);
  }
  // The whole runs the oracle's own kernels; strips run ours.
  if (strip_rows == 0) {
    agreement.check_from_above(kLimit / 5);
  } else {
    agreement.check(kLimit);
  }
}

TEST_CASE("models agree with their oracles", "[parity]") {
  const c10::InferenceMode guard;
  const bool packed = GENERATE(false, true);
  const std::string name = GENERATE("a", "b", "c");
  CAPTURE(name, packed);
  const ModelFixture fixture(name);
  check_text_encoder(fixture, packed);
  check_dit(fixture, packed);
  check_vae(fixture, packed, 0);
  for (const std::int64_t strip_rows : {1, 6, 1000}) check_vae(fixture, packed, strip_rows);
}

TEST_CASE("pictures that share a forward get the same result as alone", "[parity]") {
  const c10::InferenceMode guard;
  const ModelFixture fixture("a");
  const auto folder = fixture.folder / "transformer";
  const auto source = open_part(folder, Part::kDiT).weights;
  const auto model = load_part<DiT>(*source, GENERATE(false, true), DiTConfig::detect(*source, config_of(folder)));
  const auto& call = fixture.calls["dit"][0];
  const at::Tensor latents = fixture.tensor(call["name"].get<std::string>() + ".latents");
  const at::Tensor embeds = fixture.tensor("dit.prompt_embeds");
  // The prompts have different lengths, which are padded to the same.
  DiTContext first = model.prepare(embeds.slice(1, 0, 5), latents.size(2), latents.size(3));
  const DiTContext second = model.prepare(embeds.slice(1, 3, 20), latents.size(2), latents.size(3));
  const at::Tensor alone = model.forward(latents, 0.3F, first);
  const at::Tensor other = model.forward(latents * -0.5, 0.3F, second);
  first.caption = at::cat({first.caption, second.caption}, 0);
  const at::Tensor both = model.forward(at::cat({latents, latents * -0.5}, 0), 0.3F, first);
  const auto apart = [](const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).norm() / b.norm()).item<double>();
  };
  CHECK(apart(both.narrow(0, 0, 1), alone) < 1e-6);
  CHECK(apart(both.narrow(0, 1, 1), other) < 1e-6);
  CHECK(apart(alone, other) > 1e-2);
}

TEST_CASE("without a config.json sizes come from the shapes", "[parity]") {
  const ModelFixture fixture("a");
  const auto source = open_part(fixture.folder / "text_encoder", Part::kTextEncoder).weights;
  const auto told = TextEncoderConfig::detect(*source, config_of(fixture.folder / "text_encoder"));
  const auto seen = TextEncoderConfig::detect(*source, {});
  CHECK(seen.hidden_size == told.hidden_size);
  CHECK(seen.num_hidden_layers == told.num_hidden_layers);
  CHECK(seen.num_attention_heads == told.num_attention_heads);
  CHECK(seen.num_key_value_heads == told.num_key_value_heads);
  CHECK(seen.head_dim == told.head_dim);
  CHECK(seen.intermediate_size == told.intermediate_size);
  // The rope axes of a DiT can only be inferred if its head size is the published one.
  const auto dit = open_part(fixture.folder / "transformer", Part::kDiT).weights;
  CHECK_THROWS(DiTConfig::detect(*dit, {}));
}

}  // namespace
}  // namespace zimage::test

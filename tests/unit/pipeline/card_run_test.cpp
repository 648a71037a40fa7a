// Whole runs in card mode: the steps stay on the device, and nothing that a user sees changes.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/card_mode.h"
#include "nn/kernels/kernel_ops.h"
#include "nn/tap.h"
#include "pipeline/inpaint.h"
#include "pipeline/tools/launch_counter.h"
#include "pipeline/tools/random_model.h"
#include "support/catch.h"
#include "zimage/error.h"

namespace zimage {
namespace {

/// Serves another source's weights, one of them multiplied.
class Scaled final : public WeightSource {
 public:
  Scaled(std::shared_ptr<const WeightSource> source, std::string name, double factor)
      : source_(std::move(source)), name_(std::move(name)), factor_(factor) {}
  std::vector<std::string> names() const override { return source_->names(); }
  const WeightInfo* find(const std::string& name) const override { return source_->find(name); }
  StoredWeight stored(const std::string& name) const override {
    StoredWeight weight = source_->stored(name);
    if (name == name_) weight.data = weight.data * factor_;
    return weight;
  }
  void release(const std::string& name) const override { source_->release(name); }
  std::string description() const override { return source_->description(); }
  std::vector<std::filesystem::path> files() const override { return source_->files(); }

 private:
  std::shared_ptr<const WeightSource> source_;
  std::string name_;
  double factor_;
};

InpaintPipeline tiny_pipeline(double last_layer_factor = 1.0) {
  OpenedFiles files = random_model("tiny");
  files.files.tokenizer = {TokenizerFile::Kind::kJson, std::filesystem::path(ZIMAGE_SOURCE_DIR) /
                                                           "tests/fixtures/models/a/tokenizer/tokenizer.json"};
  files.dit.weights =
      std::make_shared<Scaled>(files.dit.weights, "all_final_layer.2-1.linear.weight", last_layer_factor);
  return {open_model(files, {}), ComputeOptions{"cpu", "fp32", 0}};
}

Request request(int steps) {
  auto source = std::make_shared<PixelSource>();
  source->image = Image(64, 48, 3);
  for (std::size_t i = 0; i < source->image.samples.size(); ++i) {
    source->image.samples.set(i, static_cast<std::uint16_t>(i * 7 % 256));
  }
  auto mask = std::make_shared<Mask>(64, 48);
  for (int y = 10; y < 40; ++y) {
    for (int x = 20; x < 50; ++x) mask->repaint[mask->index(x, y)] = 1;
  }
  Request request;
  request.picture = std::move(source);
  request.mask = std::move(mask);
  request.prompt = "a bench";
  request.negative_prompt = "a dog";
  request.sampling.steps = steps;
  request.sampling.guidance_scale = 2.0;
  request.sampling.jump_length = 1;
  request.sampling.jump_count = 2;
  request.composite = false;
  request.keep_latents = true;
  request.seed = 5;
  return request;
}

class Steps final : public Observer {
 public:
  void step(int step, int total) override { seen.emplace_back(step, total); }
  std::vector<std::pair<int, int>> seen;
};

struct Run {
  Result result;
  std::vector<std::pair<int, int>> steps;
};

Run run(int steps, double last_layer_factor = 1.0) {
  const c10::InferenceMode guard;
  InpaintPipeline pipeline = tiny_pipeline(last_layer_factor);
  Steps observer;
  Result result = pipeline.run({pipeline.plan(request(steps))}, observer).front();
  return {std::move(result), observer.seen};
}

TEST_CASE("a run in card mode makes the picture of a run elsewhere") {
  const Run plain = run(4);
  const nn::ScopedCardMode mode(true);
  std::optional<nn::kernels::ScopedPortableKernels> kernels;
  if (GENERATE(false, true)) kernels.emplace();
  const Run card = run(4);
  CHECK(card.steps == plain.steps);
  const auto& expected = plain.result.latents.front().values;
  const auto& made = card.result.latents.front().values;
  REQUIRE(made.size() == expected.size());
  double distance = 0, size = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    distance += std::pow(made[i] - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  CHECK(std::sqrt(distance / size) < 1e-4);
}

TEST_CASE("beside its forwards, a step in card mode is a handful of launches") {
  const c10::InferenceMode guard;
  const nn::ScopedCardMode mode(true);
  InpaintPipeline pipeline = tiny_pipeline();
  Request plain = request(4);
  plain.sampling.guidance_scale = 1.0;
  plain.sampling.jump_length = 0;
  const Work work = pipeline.plan(plain);
  Observer observer;
  LaunchCounter counter(at::kCPU, &nn::kernels::cpu_executor());
  const nn::kernels::ScopedPortableKernels kernels(counter);
  std::vector<std::int64_t> between;  // launches from a forward's end to the next one's beginning
  std::optional<std::int64_t> ended;
  const TapScope taps([&](const std::string& name, const at::Tensor&) {
    const std::int64_t now = counter.counts().launches;
    if (name == "dit.t_emb" && ended) between.push_back(now - *ended);
    if (name == "dit.output") ended = now;
  });
  pipeline.run({work}, observer);
  REQUIRE(between.size() == 3);
  for (const std::int64_t launches : between) {
    CHECK(launches <= 25);
    CHECK(launches >= 10);
  }
}

class Watcher final : public Observer {
 public:
  bool wants_previews() override { return true; }
  void preview(const StepPreview& preview) override { seen.push_back(preview); }
  std::vector<StepPreview> seen;
};

TEST_CASE("previews show every step, and change no bit of the result") {
  const c10::InferenceMode guard;
  const bool card = GENERATE(false, true);
  CAPTURE(card);
  const nn::ScopedCardMode mode(card);
  const Run plain = run(4);
  InpaintPipeline pipeline = tiny_pipeline();
  const Work work = pipeline.plan(request(4));
  Watcher watcher;
  const Result watched = pipeline.run({work}, watcher).front();
  CHECK(watched.latents.front().values == plain.result.latents.front().values);
  CHECK(watched.patches.front().pixels.samples == plain.result.patches.front().pixels.samples);
  REQUIRE(watcher.seen.size() == plain.steps.size());
  for (std::size_t i = 0; i < watcher.seen.size(); ++i) {
    const StepPreview& preview = watcher.seen[i];
    CHECK(std::pair(preview.step, preview.total) == plain.steps[i]);
    CHECK(preview.picture == 0);
    CHECK(preview.image.width == preview.region.working_width / 8);
    CHECK(preview.image.height == preview.region.working_height / 8);
    CHECK(preview.image.channels == 3);
  }
  CHECK(watcher.seen.front().image.samples != watcher.seen.back().image.samples);
}

std::string message_of(int steps, std::size_t& forwards) {
  const TapScope taps([&](const std::string& name, const at::Tensor&) { forwards += name == "dit.output" ? 1 : 0; });
  try {
    run(steps, 1e38);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kModel);
    return std::string(error.what()) + " " + error.hint();
  }
  return "no error";
}

TEST_CASE("latents that aren't finite from the first step on end a run, which a card says after its last step") {
  std::size_t forwards = 0;
  const std::string plain = message_of(2, forwards);
  const std::string words = "the latents are not finite numbers";
  CHECK(plain.starts_with(words + " "));
  CHECK(forwards == 2);  // positive and negative
  const nn::ScopedCardMode mode(true);
  forwards = 0;
  const std::string when = ", which a device is asked only after the last step";
  CHECK(message_of(2, forwards) == words + when + plain.substr(words.size()));
  CHECK(forwards == 6);  // asking at each step would hold up a card
}

}  // namespace
}  // namespace zimage

// The DiT comes while the prompt and the picture are encoded. Card mode does on the CPU what devices do.
#include <c10/core/InferenceMode.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "nn/card_mode.h"
#include "nn/tap.h"
#include "pipeline/inpaint.h"
#include "pipeline/tools/random_model.h"
#include "support/catch.h"
#include "support/files.h"
#include "zimage/error.h"

namespace zimage {
namespace {

/// What a test waits for comes within milliseconds, unless something is wrong.
constexpr std::chrono::seconds kPatience{60};

/// Something that happens once, for which others wait.
class Moment {
 public:
  void comes() {
    if (!came_.exchange(true)) promise_.set_value();
  }
  bool came() const { return came_; }
  bool wait() const { return future_.wait_for(kPatience) == std::future_status::ready; }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
  std::atomic<bool> came_ = false;
};

/// Serves another source's weights; tells which is read, and multiplies one of them.
class ToldSource final : public WeightSource {
 public:
  explicit ToldSource(std::shared_ptr<const WeightSource> source) : source_(std::move(source)) {}
  std::vector<std::string> names() const override { return source_->names(); }
  const WeightInfo* find(const std::string& name) const override { return source_->find(name); }
  StoredWeight stored(const std::string& name) const override {
    const std::size_t number = ++reads;
    {
      const std::lock_guard lock(mutex_);
      threads_.insert(std::this_thread::get_id());
    }
    if (on_read) on_read(number);
    StoredWeight weight = source_->stored(name);
    if (name == bad) weight.data = weight.data * std::numeric_limits<double>::quiet_NaN();
    return weight;
  }
  void release(const std::string& name) const override { source_->release(name); }
  std::string description() const override { return source_->description(); }
  std::vector<std::filesystem::path> files() const override { return source_->files(); }
  void forget() {
    reads = 0;
    threads_.clear();
  }
  std::set<std::thread::id> threads() const {
    const std::lock_guard lock(mutex_);
    return threads_;
  }

  std::function<void(std::size_t number)> on_read;  ///< is called with 1 for the first weight that is read, and so on
  std::string bad;                                  ///< the weight that is NaN
  mutable std::atomic<std::size_t> reads = 0;

 private:
  std::shared_ptr<const WeightSource> source_;
  mutable std::mutex mutex_;
  mutable std::set<std::thread::id> threads_;
};

struct Model {
  std::shared_ptr<ToldSource> dit;
  std::unique_ptr<InpaintPipeline> pipeline;
};

Model tiny_model(Offload offload = Offload::kAuto) {
  OpenedFiles files = random_model("tiny");
  files.files.tokenizer = {TokenizerFile::Kind::kJson, std::filesystem::path(ZIMAGE_SOURCE_DIR) /
                                                           "tests/fixtures/models/a/tokenizer/tokenizer.json"};
  Model model;
  model.dit = std::make_shared<ToldSource>(files.dit.weights);
  files.dit.weights = model.dit;
  ComputeOptions options{"cpu", "fp32", 0};
  options.offload = offload;
  model.pipeline = std::make_unique<InpaintPipeline>(open_model(files, {}), options);
  model.dit->forget();
  return model;
}

Request request() {
  auto source = std::make_shared<PixelSource>();
  source->image = Image(64, 48, 3);
  auto mask = std::make_shared<Mask>(64, 48);
  for (int y = 10; y < 40; ++y) {
    for (int x = 20; x < 50; ++x) mask->repaint[mask->index(x, y)] = 1;
  }
  Request request;
  request.picture = std::move(source);
  request.mask = std::move(mask);
  request.prompt = "a bench";
  request.sampling.steps = 2;
  request.seed = 5;
  return request;
}

class Watcher final : public Observer {
 public:
  void stage(const std::string& name) override {
    CHECK(std::this_thread::get_id() == owner_);
    stages.push_back(name);
  }
  void loading(std::uint64_t, std::uint64_t) override { CHECK(std::this_thread::get_id() == owner_); }
  bool cancelled() override {
    CHECK(std::this_thread::get_id() == owner_);
    return is_cancelled && is_cancelled();
  }
  std::vector<std::string> stages;
  std::function<bool()> is_cancelled;

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

Result run(Model& model, Observer& observer) {
  const c10::InferenceMode guard;
  return model.pipeline->run({model.pipeline->plan(request())}, observer).front();
}

TEST_CASE("a device's DiT is read while the prompt and the picture are encoded, on a thread of its own") {
  const nn::ScopedCardMode mode(true);
  Model model = tiny_model();
  Moment began, encoded;
  model.dit->on_read = [&](std::size_t number) {
    if (number == 1) began.comes();
    if (number == 3 && !encoded.wait()) throw Error(ErrorCode::kRuntime, "the encoding waits for the DiT");
  };
  const TapScope taps([&](const std::string& name, const at::Tensor&) {
    if (name == "text_encoder.output") CHECK(began.wait());
    if (name == "pipeline.latent") encoded.comes();
  });
  Watcher watcher;
  const Result result = run(model, watcher);
  CHECK(encoded.came());
  CHECK(result.patches.size() == 1);
  CHECK(model.dit->threads().size() == 1);
  CHECK(model.dit->threads().count(std::this_thread::get_id()) == 0);
  // The VAE is loaded before the prompt is encoded, and the caption refined once the DiT is there.
  CHECK(watcher.stages == std::vector<std::string>{"load", "encode prompt", "encode picture", "load", "encode prompt",
                                                   "denoise", "decode", "composite"});
  const std::size_t reads = model.dit->reads;
  run(model, watcher);
  CHECK(model.dit->reads == reads);  // it stayed
}

TEST_CASE("on the CPU, and where the plan lets the DiT leave, nothing is read before it is needed") {
  const bool card = GENERATE(false, true);
  const nn::ScopedCardMode mode(card);
  Model model = tiny_model(card ? Offload::kStage : Offload::kAuto);
  std::size_t before = 1;
  const TapScope taps([&](const std::string& name, const at::Tensor&) {
    if (name == "text_encoder.output") before = model.dit->reads;
  });
  Watcher watcher;
  run(model, watcher);
  CHECK(before == 0);
  CHECK(model.dit->threads() == std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_CASE("a weight that isn't finite ends the run with the words that it has on the CPU, each time") {
  std::string message;
  for (const bool card : {false, true}) {
    const nn::ScopedCardMode mode(card);
    Model model = tiny_model();
    model.dit->bad = "layers.1.attention.to_q.weight";
    for (int attempt = 0; attempt < 2; ++attempt) {
      INFO(card << " " << attempt);
      Watcher watcher;
      const auto error = test::error_of([&] { run(model, watcher); });
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::kModel);
      if (message.empty()) message = error->message();
      CHECK(error->message() == message);
      CHECK(watcher.stages.back() == "load");
      CHECK_FALSE(model.pipeline->models().dit_is_coming());
      // The second time the prompt is known, so that the DiT comes while the picture is encoded.
      CHECK(watcher.stages.front() == (card && attempt == 1 ? "encode picture" : "load"));
    }
  }
  CHECK(message.find("not finite: layers.1.attention.to_q.weight") != std::string::npos);
}

TEST_CASE("a run that is cancelled ends the loading too, and the next one loads anew") {
  const nn::ScopedCardMode mode(true);
  Model model = tiny_model();
  Moment asked;
  model.dit->on_read = [&](std::size_t number) {
    if (number == 3) asked.wait();
  };
  Watcher watcher;
  watcher.is_cancelled = [&] {
    const bool yes = model.dit->reads >= 3;
    if (yes) asked.comes();
    return yes;
  };
  const bool prepares = GENERATE(false, true);
  const auto error = test::error_of([&] {
    const c10::InferenceMode guard;
    if (prepares) model.pipeline->prepare({"a bench"}, watcher);
    run(model, watcher);
  });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::kInterrupted);
  CHECK_FALSE(model.pipeline->models().dit_is_coming());
  CHECK_FALSE(model.pipeline->models().has_dit());
  model.dit->on_read = {};
  const std::size_t reads = model.dit->reads;
  Watcher patient;
  CHECK(run(model, patient).patches.size() == 1);
  CHECK(model.dit->reads > reads);
}

TEST_CASE("an error of the run ends the loading") {
  const nn::ScopedCardMode mode(true);
  Model model = tiny_model();
  const TapScope taps([&](const std::string& name, const at::Tensor&) {
    if (name == "text_encoder.output") throw Error(ErrorCode::kRuntime, "the encoder fails");
  });
  Watcher watcher;
  const auto error = test::error_of([&] { run(model, watcher); });
  REQUIRE(error);
  CHECK(error->message() == "the encoder fails");
  CHECK_FALSE(model.pipeline->models().dit_is_coming());
}

TEST_CASE("prepare doesn't wait for a DiT that is on its way, and a run takes it") {
  const nn::ScopedCardMode mode(true);
  Model model = tiny_model();
  Moment prepared;
  model.dit->on_read = [&](std::size_t number) {
    if (number == 2 && !prepared.wait()) throw Error(ErrorCode::kRuntime, "prepare waits for the DiT");
  };
  Watcher watcher;
  {
    const c10::InferenceMode guard;
    model.pipeline->prepare({"a bench"}, watcher);
  }
  CHECK(model.pipeline->models().dit_is_coming());
  CHECK(model.pipeline->models().has_vae());
  prepared.comes();
  SECTION("a run takes it") {
    CHECK(run(model, watcher).patches.size() == 1);
    CHECK(model.pipeline->models().has_dit());
  }
  SECTION("a model that goes ends the loading") { model.pipeline.reset(); }
}

}  // namespace
}  // namespace zimage

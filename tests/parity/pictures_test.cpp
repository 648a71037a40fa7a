// Whole pictures, prompt to pixels, against the reference pipeline in Python.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "codecs/image_file.h"
#include "image/mask.h"
#include "parity/dtype_bounds.h"
#include "parity/reference.h"
#include "pipeline/inpaint.h"
#include "support/catch.h"
#include "weights/checkpoint.h"
#include "zimage/error.h"

namespace zimage::test {
namespace {

constexpr double kLimit = 1e-5;

Request request_of(const nlohmann::json& c, const std::filesystem::path& folder) {
  const std::string name = c["name"];
  Request request;
  request.image = codecs::read_image(folder / (name + "-image.png")).image;
  request.mask = mask_from_image(codecs::read_image(folder / (name + "-mask.png")).image, 0.5, false);
  request.prompt = c["prompt"];
  request.negative_prompt = c["negative_prompt"];
  request.steps = c["steps"];
  request.shift = c["shift"];
  request.strength = c["strength"];
  request.guidance_scale = c["guidance_scale"];
  request.seed = c["seed"];
  request.sampler = c["sampler"] == "euler" ? SamplerKind::kEuler : SamplerKind::kResMultistep;
  request.composite = false;
  if (c.value("control_image", false)) {
    request.control_image = codecs::read_image(folder / (name + "-control.png")).image;
  }
  if (c.contains("control_scale")) request.control_scale = c["control_scale"].get<double>();
  return request;
}

/// The case's model: a diffusers folder, or its parts with another DiT, and a ControlNet.
ModelPaths paths_of(const nlohmann::json& c) {
  const auto model = fixtures() / "models" / c["model"].get<std::string>();
  ModelPaths paths;
  paths.model = model;
  if (c.contains("transformer")) {
    paths.model = fixtures() / c["transformer"].get<std::string>() / "transformer";
    paths.text_encoder = model / "text_encoder";
    paths.tokenizer = model / "tokenizer";
    paths.vae = model / "vae";
  }
  if (c.contains("controlnet")) {
    paths.controlnet = fixtures() / "controlnets" / c["controlnet"].get<std::string>() / "controlnet.safetensors";
  }
  return paths;
}

/// One run against its reference, prompt to pixels.
void check_picture(const nlohmann::json& c, const std::filesystem::path& folder, Agreement& agreement) {
  const std::string name = c["name"];
  CAPTURE(name, c["model"].dump());
  InpaintPipeline pipeline(paths_of(c), ComputeOptions{"cpu", "fp32", 0});
  Observer observer;
  const TapRecorder taps;
  const Request request = request_of(c, folder);
  const Result result = pipeline.run({&request}, observer).front();
  const auto reference = open_checkpoint(folder / (name + ".safetensors"));
  CHECK(at::equal(taps.last("pipeline.noise"), reference->tensor("noise")));
  CHECK(at::equal(taps.last("pipeline.mask"), reference->tensor("latent_mask")));
  CHECK(result.prompt_tokens == c["prompt_tokens"].get<std::int64_t>());
  CHECK(result.strategy == c.value("strategy", "repaint"));
  REQUIRE(result.steps == c["forwards"].get<int>());
  agreement.compare(name + " latent", taps.last("pipeline.latent"), reference->tensor("latent"));
  if (c.contains("controlnet")) {
    agreement.compare(name + " context", taps.last("pipeline.control_context"), reference->tensor("control_context"));
  }
  const auto& denoised = taps.all("pipeline.denoised");
  for (int step = 0; step < result.steps; ++step) {
    const std::string key = "denoised." + std::to_string(step);
    agreement.compare(name + " " + key, denoised.at(static_cast<std::size_t>(step)), reference->tensor(key));
  }
  agreement.compare(name + " latents", taps.last("pipeline.latents"), reference->tensor("latents"));
  const Image expected = codecs::read_image(folder / (name + "-expected.png")).image;
  REQUIRE(result.image.width == expected.width);
  CHECK(share_within(result.image, expected, 1) >= 0.999);
}

void check_pictures(const char* group, std::size_t at_least) {
  const c10::InferenceMode guard;
  const auto folder = fixtures() / group;
  const auto cases = read_json(folder / "cases.json")["cases"];
  REQUIRE(cases.size() >= at_least);
  Agreement agreement(group);
  for (const auto& c : cases) check_picture(c, folder, agreement);
  agreement.check(kLimit);
}

TEST_CASE("whole pictures agree with the reference pipeline", "[parity]") { check_pictures("pictures", 16); }

TEST_CASE("whole pictures with ControlNets agree with the reference pipeline", "[parity]") {
  check_pictures("controlnet_pictures", 6);
}

/// The first picture's job, of one step, and the pipeline for it.
struct ShortJob {
  c10::InferenceMode guard{};
  std::filesystem::path folder = fixtures() / "pictures";
  nlohmann::json first = read_json(folder / "cases.json")["cases"][0];
  InpaintPipeline pipeline{paths_of(first), ComputeOptions{"cpu", "fp32", 0}};
  Request request = request_of(first, folder);
  Observer observer{};

  ShortJob() { request.steps = 1; }
};

TEST_CASE("a picture that is still being filled is waited for", "[parity]") {
  ShortJob job;
  InpaintPipeline& pipeline = job.pipeline;
  Request& request = job.request;
  Observer& observer = job.observer;
  request.composite = true;
  const Image expected = pipeline.run({&request}, observer).front().image;
  const Image filled = request.image;
  request.image = Image(filled.width, filled.height, filled.channels, filled.bit_depth);
  const auto fill = [&](bool fails) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (fails) throw Error(ErrorCode::kMemory, "no memory");
    std::copy_n(filled.samples.bytes(), filled.samples.size(), request.image.samples.bytes());
  };
  request.image_ready = std::async(std::launch::async, fill, false).share();
  CHECK(pipeline.run({&request}, observer).front().image.samples == expected.samples);
  request.image_ready = std::async(std::launch::async, fill, true).share();
  CHECK_THROWS_AS(pipeline.run({&request}, observer), Error);
}

TEST_CASE("what a run needs can be made before its picture is there", "[parity]") {
  ShortJob alone;
  const Image expected = alone.pipeline.run({&alone.request}, alone.observer).front().image;
  ShortJob job;
  const TapRecorder taps;
  const auto timings = job.pipeline.prepare({job.request.prompt}, job.observer);
  CHECK(timings.contains("load"));
  CHECK(timings.contains("encode prompt"));
  CHECK(taps.all("text_encoder.output").size() == 1);
  CHECK(job.pipeline.run({&job.request}, job.observer).front().image.samples == expected.samples);
  CHECK(taps.all("text_encoder.output").size() == 1);
}

/// Says no from a question on.
class Impatient final : public Observer {
 public:
  explicit Impatient(int most) : most_(most) {}
  bool cancelled() override { return ++asked > most_; }
  void stage(const std::string& name) override { stages.push_back(name); }
  int asked = 0;
  std::vector<std::string> stages;

 private:
  int most_;
};

TEST_CASE("loading can be interrupted and begun again", "[parity]") {
  ShortJob alone;
  const Image expected = alone.pipeline.run({&alone.request}, alone.observer).front().image;
  Impatient patient(1 << 20);
  ShortJob().pipeline.prepare({alone.request.prompt}, patient);
  // Once a stage, and for each weight.
  REQUIRE(patient.asked > 50);
  ShortJob job;
  for (const int most : {2, patient.asked / 2, patient.asked - 1}) {
    Impatient impatient(most);
    CHECK_THROWS_AS(ShortJob().pipeline.prepare({job.request.prompt}, impatient), Error);
    CHECK(impatient.asked == most + 1);
  }
  // Among the text encoder's weights.
  Impatient impatient(20);
  CHECK_THROWS_AS(job.pipeline.run({&job.request}, impatient), Error);
  CHECK(impatient.stages == std::vector<std::string>{"load"});
  CHECK(job.pipeline.run({&job.request}, job.observer).front().image.samples == expected.samples);
}

/// An 8-bit picture's samples at 16 bits.
Image deepened(const Image& picture) {
  Image deep(picture.width, picture.height, picture.channels, 16);
  for (std::size_t i = 0; i < deep.samples.size(); ++i) {
    deep.samples.set(i, static_cast<std::uint16_t>(picture.samples[i] * 257));
  }
  return deep;
}

TEST_CASE("a picture in its own colours is brought to sRGB at the size that is worked on", "[parity]") {
  ShortJob job;
  Request& request = job.request;
  request.composite = true;
  const Image picture = request.image;
  request.image = deepened(picture);
  std::vector<int> widths;
  const OwnColors own{&picture, [&](const Image& part) {
                        CHECK(part.bit_depth == 8);
                        widths.push_back(part.width);
                        return deepened(part);
                      }};
  const TapRecorder taps;
  const auto latent_of = [&](const OwnColors& colors) {
    request.own_colors = colors;
    const Result result = job.pipeline.run({&request}, job.observer).front();
    CHECK(result.image.bit_depth == 16);
    return std::pair(taps.last("pipeline.latent"), result.regions.front());
  };
  const auto [expected, whole] = latent_of({});
  CHECK(at::equal(latent_of(own).first, expected));
  CHECK(widths == std::vector<int>{whole.width});
  // Shrunk, it is rounded to the picture's own levels before.
  request.crop = CropMode::kAuto;
  request.padding = 1000;
  request.megapixels = 0.001;
  const auto [shrunk, region] = latent_of({});
  REQUIRE(region.working_width < region.width);
  widths.clear();
  CHECK(relative_l2(latent_of(own).first, shrunk) < 0.02);
  CHECK(widths == std::vector<int>{region.working_width});
}

TEST_CASE("expected prompts are encoded once each", "[parity]") {
  ShortJob job;
  InpaintPipeline& pipeline = job.pipeline;
  Request& request = job.request;
  Observer& observer = job.observer;
  const TapRecorder taps;
  const auto encoded_after = [&](const std::string& prompt) {
    request.prompt = prompt;
    pipeline.run({&request}, observer);
    pipeline.prompts().release(prompt);
    return taps.all("text_encoder.output").size();
  };
  // More than fit into the room for prompts that nobody expects, if this model's is small.
  std::vector<std::string> prompts;
  for (int i = 0; i < 100; ++i) prompts.push_back("picture " + std::to_string(i));
  std::vector<std::string> twice = prompts;
  twice.insert(twice.end(), prompts.begin(), prompts.end());
  pipeline.prompts().expect(twice);
  std::size_t encoded = 0;
  for (const std::string& prompt : twice) encoded = encoded_after(prompt);
  CHECK(encoded == prompts.size());
  // Forgotten after the last.
  CHECK(encoded_after(prompts.front()) == prompts.size() + 1);
}

}  // namespace
}  // namespace zimage::test

// Compares whole pictures, from prompt to pixels, with the reference pipeline in Python.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <memory>

#include "codecs/image_file.h"
#include "image/mask.h"
#include "image/metrics/picture_metrics.h"
#include "parity/dtype_bounds.h"
#include "parity/reference.h"
#include "pipeline/inpaint.h"
#include "support/catch.h"
#include "weights/open_weights.h"
#include "zimage/error.h"

namespace zimage::test {
namespace {

constexpr double kLimit = 1e-5;

Request request_of(const nlohmann::json& c, const std::filesystem::path& folder) {
  const std::string name = c["name"];
  Request request;
  request.picture =
      std::make_shared<const PixelSource>(PixelSource{codecs::read_image(folder / (name + "-image.png")).image, {}});
  request.mask = std::make_shared<const Mask>(
      mask_from_image(codecs::read_image(folder / (name + "-mask.png")).image, MaskReading{0.5, false, false}));
  request.prompt = c["prompt"];
  request.negative_prompt = c["negative_prompt"];
  request.seed = c["seed"];
  request.sampling.steps = c["steps"];
  request.sampling.shift = c["shift"];
  request.sampling.strength = c["strength"];
  request.sampling.guidance_scale = c["guidance_scale"];
  request.sampling.cfg_truncation = c.value("cfg_truncation", 1.0);
  request.sampling.cfg_normalization = c.value("cfg_normalization", 0.0);
  request.sampling.sampler = c["sampler"] == "euler" ? SamplerKind::kEuler : SamplerKind::kResMultistep;
  request.composite = false;
  if (c.value("control_image", false)) {
    request.control_image = std::make_shared<const Image>(codecs::read_image(folder / (name + "-control.png")).image);
  }
  if (c.contains("control_scale")) request.sampling.control_scale = c["control_scale"].get<double>();
  return request;
}

/// Returns the case's model: a diffusers folder, or its parts with another DiT, and a ControlNet.
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

/// Compares one run with its reference, from prompt to pixels.
void check_picture(const nlohmann::json& c, const std::filesystem::path& folder, Agreement& agreement) {
  const std::string name = c["name"];
  CAPTURE(name, c["model"].dump());
  InpaintPipeline pipeline(paths_of(c), ComputeOptions{"cpu", "fp32", 0});
  Observer observer;
  const TapRecorder taps;
  const Work work = pipeline.plan(request_of(c, folder));
  const Result result = pipeline.run({work}, observer).front();
  const auto reference = open_weights(folder / (name + ".safetensors")).weights;
  CHECK(at::equal(taps.last("pipeline.noise"), reference->stored("noise").data));
  CHECK(at::equal(taps.last("pipeline.mask"), reference->stored("latent_mask").data));
  CHECK(result.prompt_tokens == c["prompt_tokens"].get<std::int64_t>());
  CHECK(work.strategy.name == c.value("strategy", "repaint"));
  REQUIRE(work.forwards == c["forwards"].get<int>());
  agreement.compare(name + " latent", taps.last("pipeline.latent"), reference->stored("latent").data);
  const int guided = c["guidance_scale"] == 1.0 ? 0 : c.value("guided_forwards", work.forwards);
  CHECK(work.guided_forwards == guided);
  CHECK(taps.all("dit.output").size() == static_cast<std::size_t>(work.forwards + guided));
  if (c.contains("controlnet")) {
    agreement.compare(name + " context", taps.last("pipeline.control_context"),
                      reference->stored("control_context").data);
  }
  const auto& denoised = taps.all("pipeline.denoised");
  for (int step = 0; step < work.forwards; ++step) {
    const std::string key = "denoised." + std::to_string(step);
    agreement.compare(name + " " + key, denoised.at(static_cast<std::size_t>(step)), reference->stored(key).data);
  }
  agreement.compare(name + " latents", taps.last("pipeline.latents"), reference->stored("latents").data);
  const Image expected = codecs::read_image(folder / (name + "-expected.png")).image;
  const Image& made = result.patches.front().pixels;
  REQUIRE(made.width == expected.width);
  CHECK(share_within(made, expected, 1) >= 0.999);
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

TEST_CASE("whole pictures agree with the reference pipeline", "[parity]") { check_pictures("pictures", 20); }

TEST_CASE("whole pictures with ControlNets agree with the reference pipeline", "[parity]") {
  check_pictures("controlnet_pictures", 6);
}

/// The first picture's job, with one step, and the pipeline for it.
struct ShortJob {
  c10::InferenceMode guard{};
  std::filesystem::path folder = fixtures() / "pictures";
  nlohmann::json first = read_json(folder / "cases.json")["cases"][0];
  InpaintPipeline pipeline{paths_of(first), ComputeOptions{"cpu", "fp32", 0}};
  Request request = request_of(first, folder);
  Observer observer{};

  ShortJob() { request.sampling.steps = 1; }
  Result run() { return pipeline.run({pipeline.plan(request)}, observer).front(); }
  /// Returns the pixels of the picture's only patch.
  Samples made() { return run().patches.front().pixels.samples; }
};

TEST_CASE("what a request leaves open is the model's default, and the plan says so", "[parity]") {
  ShortJob job;
  job.request.sampling = Sampling{};
  const Sampling planned = job.pipeline.plan(job.request).request.sampling;
  CHECK(planned == Sampling{}.resolved(job.pipeline.models().info().defaults));
  CHECK(planned.steps == 8);
  CHECK(job.pipeline.models().info().variant == Variant::kTurbo);
  CHECK_THROWS_AS(plan_sigmas(Sampling{}), Error);
}

TEST_CASE("a run can be prepared before its picture is loaded", "[parity]") {
  ShortJob alone;
  const Samples expected = alone.made();
  ShortJob job;
  const TapRecorder taps;
  const auto timings = job.pipeline.prepare({job.request.prompt}, job.observer);
  CHECK(timings.contains("load"));
  CHECK(timings.contains("encode prompt"));
  CHECK(taps.all("text_encoder.output").size() == 1);
  CHECK(job.made() == expected);
  CHECK(taps.all("text_encoder.output").size() == 1);
}

/// Cancels after it has been asked `most` times.
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

TEST_CASE("loading can be interrupted and started again", "[parity]") {
  ShortJob alone;
  const Samples expected = alone.made();
  Impatient patient(1 << 20);
  ShortJob().pipeline.prepare({alone.request.prompt}, patient);
  // The observer is asked once per stage and for each weight.
  REQUIRE(patient.asked > 50);
  ShortJob job;
  for (const int most : {2, patient.asked / 2, patient.asked - 1}) {
    Impatient impatient(most);
    CHECK_THROWS_AS(ShortJob().pipeline.prepare({job.request.prompt}, impatient), Error);
    CHECK(impatient.asked == most + 1);
  }
  // This one cancels among the text encoder's weights.
  Impatient impatient(20);
  CHECK_THROWS_AS(job.pipeline.run({job.pipeline.plan(job.request)}, impatient), Error);
  CHECK(impatient.stages == std::vector<std::string>{"load"});
  CHECK(job.made() == expected);
}

/// Returns an 8-bit picture at 16 bits.
Image deepened(const Image& picture) {
  Image deep(picture.width, picture.height, picture.channels, 16);
  for (std::size_t i = 0; i < deep.samples.size(); ++i) {
    deep.samples.set(i, static_cast<std::uint16_t>(picture.samples[i] * 257));
  }
  return deep;
}

TEST_CASE("a picture in another colour space is converted to sRGB at the working size", "[parity]") {
  ShortJob job;
  Request& request = job.request;
  const Image picture = request.picture->image;
  std::vector<int> widths;
  const auto to_srgb = [&](const Image& part) {
    CHECK(part.bit_depth == 8);
    widths.push_back(part.width);
    return deepened(part);
  };
  const PixelSource own{picture, to_srgb};
  const PixelSource srgb{deepened(picture), {}};
  const TapRecorder taps;
  const auto latent_of = [&](const PixelSource& source) {
    request.picture = std::make_shared<const PixelSource>(source);
    const Work work = job.pipeline.plan(request);
    const Result result = job.pipeline.run({work}, job.observer).front();
    CHECK(result.patches.front().pixels.bit_depth == 16);
    return std::pair(taps.last("pipeline.latent"), work.regions.front());
  };
  request.composite = true;
  const auto [expected, whole] = latent_of(srgb);
  CHECK(at::equal(latent_of(own).first, expected));
  // The region is converted for the model, then the part that the patch is blended into.
  REQUIRE(widths.size() == 2);
  CHECK(widths[0] == whole.width);
  CHECK(widths[1] < whole.width);
  // A region that is shrunk is first rounded to the picture's own levels.
  request.crop = CropMode::kAuto;
  request.padding = 1000;
  request.megapixels = 0.001;
  const auto [shrunk, region] = latent_of(srgb);
  REQUIRE(region.working_width < region.width);
  widths.clear();
  CHECK(relative_l2(latent_of(own).first, shrunk) < 0.02);
  CHECK(widths.front() == region.working_width);
}

TEST_CASE("a run changes the pixels that its plan calls editable, and no others", "[parity]") {
  ShortJob job;
  job.request.composite = true;
  job.request.feather = 3;
  const Work work = job.pipeline.plan(job.request);
  CHECK(work.editable->count() > job.request.mask->count());
  const Image before = job.request.picture->image;
  Image after = before;
  const Result result = job.pipeline.run({work}, job.observer).front();
  for (const Patch& patch : result.patches) paste(patch, after);
  const Difference difference = compare(before, after, *work.editable);
  CHECK(difference.max_change_outside_mask == 0);
  CHECK(difference.changed_pixels > job.request.mask->count() / 2);
}

TEST_CASE("expected prompts are encoded once each", "[parity]") {
  ShortJob job;
  InpaintPipeline& pipeline = job.pipeline;
  Request& request = job.request;
  Observer& observer = job.observer;
  const TapRecorder taps;
  const auto encoded_after = [&](const std::string& prompt) {
    request.prompt = prompt;
    pipeline.run({pipeline.plan(request)}, observer);
    pipeline.prompts().release(prompt);
    return taps.all("text_encoder.output").size();
  };
  // These are more prompts than the cache keeps if nobody expects them.
  std::vector<std::string> prompts;
  for (int i = 0; i < 100; ++i) prompts.push_back("picture " + std::to_string(i));
  std::vector<std::string> twice = prompts;
  twice.insert(twice.end(), prompts.begin(), prompts.end());
  pipeline.prompts().expect(twice);
  std::size_t encoded = 0;
  for (const std::string& prompt : twice) encoded = encoded_after(prompt);
  CHECK(encoded == prompts.size());
  // A prompt is forgotten after its last run.
  CHECK(encoded_after(prompts.front()) == prompts.size() + 1);
}

}  // namespace
}  // namespace zimage::test

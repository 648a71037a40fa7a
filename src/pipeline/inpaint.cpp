#include "pipeline/inpaint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "conditioning/color_match.h"
#include "conditioning/composite.h"
#include "conditioning/control_context.h"
#include "conditioning/difference.h"
#include "conditioning/geometry.h"
#include "conditioning/mask.h"
#include "conditioning/pixels.h"
#include "conditioning/prompt.h"
#include "conditioning/repaint.h"
#include "core/log.h"
#include "core/tap.h"
#include "sampling/guidance.h"
#include "sampling/noise.h"
#include "sampling/samplers.h"
#include "sampling/schedule.h"
#include "zimage/error.h"

namespace zimage {
namespace {

using Clock = std::chrono::steady_clock;

void require_finite(const at::Tensor& values, const char* what) {
  if (at::isfinite(values).all().item<bool>()) return;
  throw Error(ErrorCode::kModel, std::string(what) + " are not finite numbers",
              "the model's weights don't fit together, or the dtype's range is too small: try --dtype fp32");
}

void check_request(const Request& request) {
  const auto& image = request.image;
  if (image.empty()) throw Error(ErrorCode::kInput, "the picture is empty");
  if (request.mask.width != image.width || request.mask.height != image.height) {
    throw Error(ErrorCode::kInput, "the mask's size is not the picture's");
  }
  if (request.mask.count() == 0) throw Error(ErrorCode::kInput, "the mask is empty: nothing is to be repainted");
}

/// Before a weight is read, though the DiT would find it too.
void check_reach(const WorkingRegion& region, const DiTConfig& config) {
  const std::int64_t reach = config.max_latent_side() * VAEConfig::kScale;
  if (std::max(region.working_width, region.working_height) <= reach) return;
  throw Error(ErrorCode::kInput, "the picture is larger than the model's positions reach",
              "at most " + std::to_string(reach) + " pixels a side");
}

}  // namespace

/// One run's state, handed from stage to stage.
struct InpaintPipeline::Job {
  Job(const Request& request_, Observer& observer_) : request(request_), observer(observer_) {}

  /// Ends the stage before, asks whether to go on, begins the next.
  void begin(const std::string& stage) {
    end();
    check_cancelled();
    name = stage;
    observer.stage(stage);
    started = Clock::now();
  }
  void end() {
    if (!name.empty()) {
      result.timings[name] += std::chrono::duration<double, std::milli>(Clock::now() - started).count();
    }
    name.clear();
  }
  void check_cancelled() {
    if (observer.cancelled()) throw Error(ErrorCode::kInterrupted, "interrupted");
  }

  const Request& request;
  Observer& observer;
  std::string name;
  Clock::time_point started;
  WorkingRegion region;
  at::Tensor pixels;  ///< of the region, at its working size, [1, 3, h, w]
  at::Tensor mask;    ///< the same, [1, 1, h, w]
  std::vector<double> sigmas;
  DiTContext positive;
  DiTContext negative;  ///< only with guidance
  RepaintBlend blend;
  StrategyChoice strategy;
  ControlContext control;  ///< tokens undefined: no ControlNet, or its scale is 0
  Result result;
};

InpaintPipeline::InpaintPipeline(const ModelPaths& paths, const ComputeOptions& compute)
    : models_(paths, resolve_compute(compute)) {}

const InpaintPipeline::Prompt& InpaintPipeline::encode_prompt(Job& job, const std::string& prompt) {
  const auto known = prompts_.find(prompt);
  if (known != prompts_.end()) return known->second;
  const PromptTokens tokens = tokenize_prompt(models_.tokenizer(), prompt);
  if (tokens.full_length > tokens.ids.size()) {
    log::warning("the prompt has " + std::to_string(tokens.full_length) + " tokens; the model reads the first " +
                 std::to_string(tokens.ids.size()));
  }
  job.begin("load");
  const TextEncoder& encoder = models_.text_encoder();
  job.begin("encode prompt");
  Prompt encoded{encoder.forward(tokens.ids), static_cast<std::int64_t>(tokens.ids.size())};
  require_finite(encoded.embeds, "the prompt's embeddings");
  return prompts_.emplace(prompt, std::move(encoded)).first->second;
}

void InpaintPipeline::encode_prompts(Job& job) {
  const Request& request = job.request;
  const std::int64_t height = job.region.working_height / VAEConfig::kScale;
  const std::int64_t width = job.region.working_width / VAEConfig::kScale;
  const bool guided = request.guidance_scale != 1.0;
  const Prompt& positive = encode_prompt(job, request.prompt);
  job.result.prompt_tokens = positive.tokens;
  if (guided) encode_prompt(job, request.negative_prompt);
  models_.finish_text_encoder();
  job.begin("load");
  const DiT& dit = models_.dit();
  job.begin("encode prompt");
  job.positive = dit.prepare(positive.embeds, height, width);
  if (guided) job.negative = dit.prepare(prompts_.at(request.negative_prompt).embeds, height, width);
}

void InpaintPipeline::encode_picture(Job& job) {
  job.begin("load");
  const VAE& vae = models_.vae();
  job.begin("encode picture");
  job.pixels = resize_pixels(to_pixels(job.request.image), job.region.working_height, job.region.working_width);
  job.mask = resize_mask(to_mask_tensor(job.request.mask), job.region.working_height, job.region.working_width);
  job.blend.latent = vae.encoder.encode(job.pixels);
  require_finite(job.blend.latent, "the picture's latents");
  job.blend.mask = latent_mask(job.mask);
  job.blend.noise = make_noise(job.blend.latent.sizes().vec(), job.request.seed);
  if (models_.has_controlnet()) encode_control(job);
  tap("pipeline.latent", job.blend.latent);
  tap("pipeline.noise", job.blend.noise);
  tap("pipeline.mask", job.blend.mask);
}

void InpaintPipeline::encode_control(Job& job) {
  const Request& request = job.request;
  const double scale = request.control_scale.value_or(models_.info().control_scale);
  // Hints of scale 0 change nothing: none are made, and the forward is the base model's to the last bit.
  if (scale == 0.0) return;
  const VAE& vae = models_.vae();
  at::Tensor control_latents;
  if (!request.control_image.empty()) {
    const at::Tensor control =
        resize_pixels(to_pixels(request.control_image), job.region.working_height, job.region.working_width);
    control_latents = vae.encoder.encode(control);
  }
  at::Tensor context = control_latents;
  if (models_.controlnet_config().inpaints()) {
    const at::Tensor hole = vae.encoder.encode(inpaint_pixels(job.pixels, job.mask));
    context = inpaint_control_context(control_latents, job.mask, hole);
  }
  require_finite(context, "the control context's values");
  tap("pipeline.control_context", context);
  job.begin("load");
  const ControlNet& controlnet = models_.controlnet();
  job.begin("encode picture");
  job.control = controlnet.prepare(context, models_.dit().x_pad_token(), scale);
}

at::Tensor InpaintPipeline::denoise(Job& job) {
  job.begin("denoise");
  const DiT& dit = models_.dit();
  const bool guided = job.request.guidance_scale != 1.0;
  const int total = static_cast<int>(job.sigmas.size()) - 1;
  SamplingProblem problem;
  problem.sigmas = job.sigmas;
  problem.x = noised(job.blend.latent, job.blend.noise, job.sigmas.front());
  problem.denoiser = [&](const at::Tensor& x, double sigma) {
    job.check_cancelled();
    // Z-Image's conventions stay here: it is fed 1 − σ, and its output is the negated noise prediction.
    const float timestep = 1.0F - static_cast<float>(sigma);
    const auto predict = [&](const DiTContext& prompt) {
      if (!job.control.tokens.defined()) return -dit.forward(x, timestep, prompt);
      ControlPass hints(models_.controlnet(), job.control);
      return -dit.forward(x, timestep, prompt, &hints);
    };
    at::Tensor noise_pred = predict(job.positive);
    if (guided) noise_pred = guide(noise_pred, predict(job.negative), job.request.guidance_scale);
    const at::Tensor denoised = x - noise_pred * sigma;
    tap("pipeline.denoised", denoised);
    require_finite(denoised, "the latents");
    return denoised;
  };
  problem.callback = [&](const at::Tensor& x, int step, double sigma_next) {
    job.observer.step(step + 1, total);
    // A ControlNet that inpaints has blended the latents itself: overwriting them leaves stripes.
    return job.strategy.strategy == Strategy::kRepaint ? job.blend(x, sigma_next) : x;
  };
  return job.request.sampler == SamplerKind::kEuler ? sample_euler(problem) : sample_res_multistep(problem);
}

void InpaintPipeline::finish(Job& job, const at::Tensor& latents) {
  const Request& request = job.request;
  Result& result = job.result;
  tap("pipeline.latents", latents);
  job.begin("decode");
  at::Tensor pixels = models_.vae().decoder.decode(latents);
  require_finite(pixels, "the decoded pixels");
  job.begin("composite");
  result.effective_mask = grow_mask(request.mask, request.feather);
  if (request.composite) {
    if (request.color_match) pixels = match_color(pixels, job.pixels, job.mask);
    result.image = request.image;
    composite(result.image, request.mask, job.region, pixels, {request.feather, request.opaque_hole});
    const Difference difference = compare(request.image, result.image, result.effective_mask);
    result.changed_pixels = difference.changed_pixels;
    result.max_change_outside_mask = difference.max_change_outside_mask;
  } else {
    result.image = to_image(pixels);
  }
  if (request.keep_latents) {
    const at::Tensor flat = latents.contiguous();
    const float* values = flat.const_data_ptr<float>();
    result.latents.push_back({static_cast<int>(flat.size(1)),
                              static_cast<int>(flat.size(2)),
                              static_cast<int>(flat.size(3)),
                              {values, values + flat.numel()}});
  }
  job.end();
}

StrategyChoice InpaintPipeline::choose_strategy(const Request& request) const {
  const bool wants_controlnet = request.strategy == Strategy::kControlNet;
  if (!models_.has_controlnet()) {
    if (wants_controlnet) {
      throw Error(ErrorCode::kUsage, "--strategy controlnet needs a ControlNet",
                  "give --controlnet, or --strategy repaint");
    }
    return {Strategy::kRepaint, "repaint", "no ControlNet is active"};
  }
  const std::string version = "the ControlNet is version " + models_.info().controlnet;
  if (models_.controlnet_config().inpaints()) {
    if (request.strategy == Strategy::kRepaint) {
      throw Error(ErrorCode::kUsage, "--strategy repaint can't be used with a 33-channel ControlNet: " + version,
                  "it blends the kept part itself; leave --strategy out, or leave --controlnet out");
    }
    return {Strategy::kControlNet, "controlnet", version + ", whose 33 channels hold picture and mask"};
  }
  if (wants_controlnet) {
    throw Error(ErrorCode::kModel, "--strategy controlnet needs a 33-channel ControlNet: " + version,
                "it knows nothing of inpainting: leave --strategy out, or give a 2.x file");
  }
  if (request.control_image.empty()) {
    throw Error(ErrorCode::kUsage, "a control image is needed: " + version + ", which is told of nothing else",
                "give --control-image");
  }
  return {Strategy::kRepaint, "repaint", version + ", whose 16 channels know nothing of the mask"};
}

Result InpaintPipeline::run(const Request& request, Observer& observer) {
  check_request(request);
  Job job(request, observer);
  job.region = whole_picture(request.image.width, request.image.height);
  check_reach(job.region, models_.dit_config());
  job.strategy = choose_strategy(request);
  // σ is computed in fp64 and kept as fp32, as the reference keeps it.
  for (const double sigma : sigmas_from_strength(make_sigmas(request.steps, request.shift), request.strength)) {
    job.sigmas.push_back(static_cast<double>(static_cast<float>(sigma)));
  }
  job.result.sigmas = job.sigmas;
  job.result.steps = static_cast<int>(job.sigmas.size()) - 1;
  job.result.strategy = job.strategy.name;
  job.result.strategy_reason = job.strategy.reason;
  job.result.regions = {job.region};
  encode_prompts(job);
  encode_picture(job);
  finish(job, denoise(job));
  return std::move(job.result);
}

}  // namespace zimage

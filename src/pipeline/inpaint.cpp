#include "pipeline/inpaint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/run_async.h"
#include "image/canvas.h"
#include "image/crop.h"
#include "image/geometry.h"
#include "image/mask_operations.h"
#include "inpaint/color_match.h"
#include "inpaint/composite.h"
#include "inpaint/pixels.h"
#include "nn/tap.h"
#include "pipeline/inpaint_job.h"
#include "pipeline/strategy.h"
#include "sampling/guidance.h"
#include "sampling/samplers.h"
#include "sampling/schedule.h"
#include "zimage/error.h"

namespace zimage {
namespace {

void check_request(const Request& request) {
  const auto& image = request.image;
  if (image.empty()) throw Error(ErrorCode::kInput, "the picture is empty");
  if (request.mask.width != image.width || request.mask.height != image.height) {
    throw Error(ErrorCode::kInput, "the mask's size is not the picture's");
  }
  if (request.mask.soft() && request.mask.level.size() != request.mask.repaint.size()) {
    throw Error(ErrorCode::kInput, "the mask's levels don't have its size");
  }
  if (request.mask.none()) throw Error(ErrorCode::kInput, "the mask is empty: nothing is to be repainted");
}

/// Before a weight is read, though the DiT would find it too.
void check_reach(const WorkingRegion& region, const DiTConfig& config) {
  const std::int64_t reach = config.max_latent_side() * VAEConfig::kScale;
  if (std::max(region.working_width, region.working_height) <= reach) return;
  throw Error(ErrorCode::kInput, "the picture is larger than the model's positions reach",
              "at most " + std::to_string(reach) + " pixels a side");
}

/// Of prompts' embeddings: 3,500 of thirty tokens.
constexpr std::size_t kMaxPromptBytes = std::size_t{1} << 30;
/// Of those that nobody is known to want again, where encoding again is cheap because the encoder stays loaded: so
/// small a part of the model's weights, in fp32. A long stream for a small model would grow well past its weights.
constexpr std::size_t kWeightsPerPrompts = 20;

std::size_t most_unexpected(const ModelStore& models) {
  if (!models.keeps_text_encoder()) return kMaxPromptBytes;
  return std::min(kMaxPromptBytes,
                  static_cast<std::size_t>(models.info().parameters) * sizeof(float) / kWeightsPerPrompts);
}

/// While it lives, loading ends where the observer says so.
class LoadingCheck {
 public:
  LoadingCheck(ModelStore& models, Observer& observer) : models_(models) {
    models.check_while_loading([&observer] { require_not_cancelled(observer); });
  }
  ~LoadingCheck() { models_.check_while_loading({}); }
  LoadingCheck(const LoadingCheck&) = delete;
  LoadingCheck& operator=(const LoadingCheck&) = delete;

 private:
  ModelStore& models_;
};

}  // namespace

InpaintPipeline::InpaintPipeline(const ModelPaths& paths, const ComputeOptions& compute)
    : models_(paths, resolve_compute(compute)), prompts_(most_unexpected(models_), kMaxPromptBytes) {}

at::Tensor InpaintPipeline::predict(const Together& together, const at::Tensor& x, double sigma) {
  Job& job = together.first();
  job.check_cancelled();
  const DiT& dit = models_.dit();
  // Z-Image's conventions stay here: it is fed 1 − σ, and its output is the negated noise prediction.
  const float timestep = 1.0F - static_cast<float>(sigma);
  const auto forward = [&](const DiTContext& prompt) {
    if (!together.control.tokens.defined()) return -dit.forward(x, timestep, prompt);
    ControlPass hints(models_.controlnet(), together.control);
    return -dit.forward(x, timestep, prompt, &hints);
  };
  at::Tensor noise_pred = forward(together.positive);
  const double scale = job.request.guidance_scale;
  if (scale != 1.0) noise_pred = guide(noise_pred, forward(together.negative), scale);
  const at::Tensor denoised = x - noise_pred * sigma;
  tap("pipeline.denoised", denoised);
  require_finite(denoised, "the latents");
  return denoised;
}

at::Tensor InpaintPipeline::denoise(const Together& together) {
  Job& job = together.first();
  job.begin("denoise");
  // A ControlNet that inpaints has blended the latents itself: overwriting them leaves stripes.
  const auto hold = [&](const at::Tensor& x, double sigma) {
    return job.strategy.strategy == Strategy::kRepaint ? together.blend(x, sigma) : x;
  };
  SamplingProblem problem;
  problem.x = noised(together.blend.latent, together.blend.noise, job.sigmas.front());
  problem.denoiser = [&](const at::Tensor& x, double sigma) { return predict(together, x, sigma); };
  problem.callback = [&](const at::Tensor& x, int, double sigma_next) {
    job.observer.step(++job.steps_done, job.steps_in_all);
    return hold(x, sigma_next);
  };
  // A sampler goes down; the jumps back lie between its runs, and its multistep history starts anew after each.
  for (const auto& run : descents(job.sigmas)) {
    if (!problem.sigmas.empty()) {
      problem.x = hold(renoised(problem.x, problem.sigmas.back(), run.front(), together.draw_noise()), run.front());
    }
    problem.sigmas = run;
    problem.x = job.request.sampler == SamplerKind::kEuler ? sample_euler(problem) : sample_res_multistep(problem);
  }
  job.end();
  const double share = job.result.timings["denoise"] / static_cast<double>(together.jobs.size());
  for (Job* each : together.jobs) each->result.timings["denoise"] = share;
  return problem.x;
}

void InpaintPipeline::finish_region(Job& job, const at::Tensor& latents) {
  const Request& request = job.request;
  Result& result = job.result;
  tap("pipeline.latents", latents);
  job.begin("decode");
  at::Tensor pixels = models_.vae().decoder.decode(latents);
  require_finite(pixels, "the decoded pixels");
  job.begin("composite");
  if (job.canvas.valid()) {
    Canvas canvas = job.canvas.get();
    result.image = std::move(canvas.picture);
    result.effective_mask = std::move(canvas.effective_mask);
  }
  if (request.composite) {
    if (request.color_match) pixels = match_color(pixels, job.pixels, job.mask);
    composite(result.image, request.mask, job.region, pixels, {request.feather, request.opaque_hole});
  } else {
    result.image = to_image(pixels);
  }
  if (!request.keep_latents) return;
  const at::Tensor flat = latents.contiguous();
  const float* values = flat.const_data_ptr<float>();
  result.latents.push_back({static_cast<int>(flat.size(1)),
                            static_cast<int>(flat.size(2)),
                            static_cast<int>(flat.size(3)),
                            {values, values + flat.numel()}});
}

StrategyChoice InpaintPipeline::choose_strategy(const Request& request) const {
  return zimage::choose_strategy(models_, request);
}

std::vector<WorkingRegion> InpaintPipeline::plan_regions(const Request& request) const {
  const Image& picture = request.image;
  if (request.crop == CropMode::kOff) return {whole_picture(picture.width, picture.height)};
  CropOptions options;
  options.area = 1e6 * (request.megapixels > 0.0 ? request.megapixels : models_.info().native_megapixels);
  options.padding = request.padding;
  options.feather = request.feather;
  options.max_side = static_cast<int>(models_.dit_config().max_latent_side() * VAEConfig::kScale);
  options.single = !request.composite;
  return crop_regions(request.mask, options);
}

void InpaintPipeline::begin_run(Job& job) {
  const Request& request = job.request;
  check_request(request);
  job.result.regions = plan_regions(request);
  for (const WorkingRegion& region : job.result.regions) check_reach(region, models_.dit_config());
  job.strategy = choose_strategy(request);
  // σ is computed in fp64 and kept as fp32, as the reference keeps it.
  for (const double sigma :
       plan_sigmas(request.steps, request.shift, request.strength, request.jump_length, request.jump_count)) {
    job.sigmas.push_back(static_cast<double>(static_cast<float>(sigma)));
  }
  job.result.sigmas = job.sigmas;
  job.result.steps = count_steps(job.sigmas);
  job.steps_in_all = job.result.steps * static_cast<int>(job.result.regions.size());
  job.result.strategy = job.strategy.name;
  job.result.strategy_reason = job.strategy.reason;
  job.canvas = ahead([&request] {
    Canvas canvas{.picture = {}, .effective_mask = grow_mask(request.mask, request.feather)};
    if (request.composite) {
      await_image(request);
      canvas.picture = request.rows_near_only ? rows_near(request.image, canvas.effective_mask) : request.image;
    }
    return canvas;
  });
}

std::map<std::string, double> InpaintPipeline::prepare(const std::vector<std::string>& prompts, Observer& observer) {
  const LoadingCheck check(models_, observer);
  const Request no_picture;
  Job job(&no_picture, observer);
  for (const std::string& prompt : prompts) encode_prompt(job, prompt);
  models_.finish_text_encoder();
  job.begin("load");
  models_.dit();
  models_.vae();
  job.end();
  return std::move(job.result.timings);
}

std::vector<Result> InpaintPipeline::run(const std::vector<SeededRequest>& requests, Observer& observer) {
  const LoadingCheck check(models_, observer);
  std::vector<std::unique_ptr<Job>> owned;
  std::vector<Job*> jobs;
  for (const SeededRequest& request : requests) {
    owned.push_back(std::make_unique<Job>(request, observer));
    jobs.push_back(owned.back().get());
    begin_run(*jobs.back());
  }
  // Pictures that share their forwards have one region each.
  for (std::size_t r = 0; r < jobs.front()->result.regions.size(); ++r) {
    for (Job* job : jobs) {
      job->region = job->result.regions[r];
      encode_prompts(*job);
      encode_picture(*job);
      job->end();
    }
    const at::Tensor latents = denoise(Together(jobs));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      finish_region(*jobs[i], latents.narrow(0, static_cast<std::int64_t>(i), 1));
      jobs[i]->end();
    }
  }
  std::vector<Result> results;
  for (Job* job : jobs) {
    job->end();
    results.push_back(std::move(job->result));
  }
  return results;
}

}  // namespace zimage

// The run of a picture, from a planned request to patches; `InpaintPipeline::run` below goes through its stages:
//
//   encode_prompts   text → tokens → prompt_embeds → the DiT's caption (inpaint_encode.cpp)
//   encode_picture   pixels and mask → latents, noise, the ControlNet's context (inpaint_encode.cpp)
//   denoise          the denoising loop: sampling/samplers.cpp calls predict() once a step, and after each step the
//                    callback puts the kept part back (inpaint/repaint.cpp), unless a ControlNet does that itself
//   finish_region    latents → pixels → the patch that goes into the picture (inpaint/composite.cpp)
//
// What is to be done (regions, noise levels, strategy) was decided before, in inpaint_plan.cpp. pipeline/residency
// holds the weights, and decides when they are loaded and given up.
#include "pipeline/inpaint.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "image/geometry.h"
#include "inpaint/color_match.h"
#include "inpaint/composite.h"
#include "inpaint/pixels.h"
#include "nn/tap.h"
#include "pipeline/inpaint_job.h"
#include "pipeline/step_progress.h"
#include "sampling/guidance.h"
#include "sampling/samplers.h"
#include "sampling/schedule.h"
#include "zimage/error.h"

namespace zimage {
namespace {

/// The most bytes of prompt embeddings that are kept: some 3,500 prompts of thirty tokens.
constexpr std::size_t kMaxPromptBytes = std::size_t{1} << 30;
/// If the encoder stays loaded, encoding again is cheap, so prompts that nobody expects may take only 1/20 of the bytes
/// of the model's fp32 weights: in a long stream for a small model they would outgrow the weights.
constexpr std::size_t kWeightsPerPrompts = 20;

std::size_t most_unexpected(const ModelStore& models) {
  if (!models.keeps_text_encoder()) return kMaxPromptBytes;
  return std::min(kMaxPromptBytes,
                  static_cast<std::size_t>(models.info().parameters) * sizeof(float) / kWeightsPerPrompts);
}

/// Lets the observer follow and cancel the loading of weights while this lives. If an exception ends that, nothing
/// goes on loading.
class LoadingCheck {
 public:
  LoadingCheck(ModelStore& models, Observer& observer) : models_(models) {
    models.check_while_loading([&observer] { require_not_cancelled(observer); });
    models.report_loading([&observer](std::uint64_t bytes, std::uint64_t total) { observer.loading(bytes, total); });
  }
  ~LoadingCheck() {
    if (std::uncaught_exceptions() > exceptions_) models_.stop_loading_ahead();
    models_.check_while_loading({});
    models_.report_loading({});
  }
  LoadingCheck(const LoadingCheck&) = delete;
  LoadingCheck& operator=(const LoadingCheck&) = delete;

 private:
  ModelStore& models_;
  int exceptions_ = std::uncaught_exceptions();
};

/// Returns the DiT's timestep: it takes 1 − σ.
float timestep_at(double sigma) { return 1.0F - static_cast<float>(sigma); }

/// Returns the timesteps of all steps, each once.
std::vector<float> timesteps_of(const std::vector<std::vector<double>>& runs) {
  std::set<float> timesteps;
  for (const auto& run : runs) {
    std::transform(run.begin(), run.end() - 1, std::inserter(timesteps, timesteps.end()), timestep_at);
  }
  return {timesteps.begin(), timesteps.end()};
}

Latents to_latents(const at::Tensor& latents) {
  const at::Tensor flat = latents.to(at::kCPU).contiguous();
  const float* values = flat.const_data_ptr<float>();
  return {static_cast<int>(flat.size(1)),
          static_cast<int>(flat.size(2)),
          static_cast<int>(flat.size(3)),
          {values, values + flat.numel()}};
}

/// Makes a region's patch from its decoded pixels at the working size.
Patch make_patch(const Request& request, const WorkingRegion& region, const at::Tensor& decoded) {
  if (!request.composite) return {box_of(region), to_image(decoded), {}};
  const Box box = changed_part(*request.mask, region, request.feather);
  return composite(*request.picture, box, *request.mask, region, decoded, {request.feather, request.opaque_hole});
}

}  // namespace

InpaintPipeline::InpaintPipeline(const ModelPaths& paths, const ComputeOptions& compute)
    : models_(paths, resolve_compute(compute)), prompts_(most_unexpected(models_), kMaxPromptBytes) {}

InpaintPipeline::InpaintPipeline(OpenedModel model, const ComputeOptions& compute)
    : models_(std::move(model), resolve_compute(compute)), prompts_(most_unexpected(models_), kMaxPromptBytes) {}

at::Tensor InpaintPipeline::predict(Stack& stack, const at::Tensor& x, double sigma) {
  Job& job = stack.first();
  job.check_cancelled();
  const DiT& dit = models_.dit();
  // Z-Image's conventions stay here and in timestep_at(): the output is the negated noise prediction.
  const auto forward = [&](const DiTContext& prompt) {
    if (!stack.control.tokens.defined()) return -dit.forward(x, timestep_at(sigma), prompt, nullptr, &stack.steps);
    ControlPass hints(models_.controlnet(), stack.control, &stack.control_modulations);
    return -dit.forward(x, timestep_at(sigma), prompt, &hints, &stack.steps);
  };
  at::Tensor noise_pred = forward(stack.positive);
  const Sampling& sampling = job.sampling();
  if (sampling.guided() && guided_at(sigma, sampling.cfg_truncation)) {
    const double scale = sampling.guidance_scale.value_or(1.0);
    noise_pred = guide(noise_pred, forward(stack.negative), scale, sampling.cfg_normalization);
  }
  const at::Tensor denoised = x - noise_pred * sigma;
  tap("pipeline.denoised", denoised);
  stack.check(denoised);
  return denoised;
}

at::Tensor InpaintPipeline::denoise(Stack stack) {
  Job& job = stack.first();
  job.begin("denoise");
  const auto runs = descents(job.work.sigmas);
  stack.steps = models_.dit().prepare_steps(timesteps_of(runs), job.work.forwards + job.work.guided_forwards);
  const auto hold = [&](const at::Tensor& x, double sigma) { return stack.holds() ? stack.blend(x, sigma) : x; };
  StepProgress progress(step_marks(stack.device), [&] { job.observer.step(++job.steps_done, stack.steps_in_all()); });
  Previews previews(stack);
  at::Tensor denoised;
  SamplingProblem problem;
  problem.x = noised(stack.blend.latent, stack.blend.noise, job.work.sigmas.front());
  problem.denoiser = [&](const at::Tensor& x, double sigma) { return denoised = predict(stack, x, sigma); };
  problem.callback = [&](const at::Tensor& x, int, double sigma_next) {
    progress.started();
    previews.show(denoised);
    return hold(x, sigma_next);
  };
  // A sampler only descends. The jumps back happen between its runs, and each run starts a new multistep history.
  for (const auto& run : runs) {
    if (!problem.sigmas.empty()) {
      problem.x = hold(renoised(problem.x, problem.sigmas.back(), run.front(), stack.draw_noise()), run.front());
    }
    problem.sigmas = run;
    problem.x = job.sampling().sampler == SamplerKind::kEuler ? sample_euler(problem) : sample_res_multistep(problem);
  }
  progress.finish();
  stack.require_checked();
  models_.rest();
  job.end();
  const double share = job.result.timings["denoise"] / static_cast<double>(stack.jobs.size());
  for (Job* each : stack.jobs) each->result.timings["denoise"] = share;
  return problem.x;
}

void InpaintPipeline::finish_region(Job& job, const at::Tensor& latents) {
  tap("pipeline.latents", latents);
  models_.begin_vae_work();
  job.begin("decode");
  const std::int64_t rows = models_.vae_strip_rows(job.region.working_height, job.region.working_width);
  at::Tensor pixels = models_.vae().decoder.decode(latents, rows);
  require_finite(pixels, "the decoded pixels");
  job.begin("composite");
  const Request& request = job.request();
  if (request.composite && request.color_match) pixels = match_color(pixels, job.pixels, job.mask);
  job.result.patches.push_back(make_patch(request, job.region, pixels));
  if (request.keep_latents) job.result.latents.push_back(to_latents(latents));
}

std::map<std::string, double> InpaintPipeline::prepare(const std::vector<std::string>& prompts, Observer& observer) {
  // A usual picture wouldn't fit, but the one to come may.
  if (!models_.fits_usually()) return {};
  const LoadingCheck check(models_, observer);
  const Work no_picture;
  Job job(no_picture, observer, models_.device());
  for (const std::string& prompt : prompts) encode_prompt(job, prompt);
  models_.finish_text_encoder();
  load_ahead(job);
  job.begin("load");
  models_.vae();
  // What is on its way may come while the picture is encoded.
  if (models_.keeps_dit() && !models_.dit_is_coming()) models_.dit();
  job.end();
  return std::move(job.result.timings);
}

std::vector<Result> InpaintPipeline::run(const std::vector<Work>& works, Observer& observer) {
  const LoadingCheck check(models_, observer);
  std::vector<std::unique_ptr<Job>> owned;
  std::vector<Job*> jobs;
  for (const Work& work : works) {
    owned.push_back(std::make_unique<Job>(work, observer, models_.device()));
    jobs.push_back(owned.back().get());
  }
  models_.place_for(largest_work(works));
  // Pictures that share their forwards have one region each.
  for (std::size_t r = 0; r < jobs.front()->work.regions.size(); ++r) {
    for (Job* job : jobs) {
      job->region = job->work.regions[r];
      job->refined = false;
      encode_prompts(*job);
      // Where memory is short, the DiT has to wait until the VAE is done, and the VAE needn't wait for one that is on
      // its way.
      if (models_.keeps_dit() && !models_.dit_is_coming()) refine_captions(*job);
      encode_picture(*job);
      job->end();
    }
    for (Job* job : jobs) {
      if (!job->refined) refine_captions(*job);
      embed_control(*job);
      job->end();
    }
    const at::Tensor latents = denoise(Stack(jobs, models_.device()));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      finish_region(*jobs[i], latents.narrow(0, static_cast<std::int64_t>(i), 1));
      jobs[i]->end();
    }
  }
  std::vector<Result> results;
  for (Job* job : jobs) results.push_back(std::move(job->result));
  return results;
}

}  // namespace zimage

// Stacks the tensors of pictures that share their forwards.
#include <ATen/ATen.h>

#include "nn/card_mode.h"
#include "pipeline/inpaint_job.h"

namespace zimage {
namespace {

constexpr const char* kLatents = "the latents";

}  // namespace

InpaintPipeline::Stack::Stack(const std::vector<Job*>& jobs_, at::Device device_) : jobs(jobs_), device(device_) {
  const auto stack = [&](const auto& part) {
    std::vector<at::Tensor> parts;
    for (const Job* job : jobs) parts.push_back(part(*job));
    return parts.size() == 1 || !parts.front().defined() ? parts.front() : at::cat(parts, 0);
  };
  // Only the captions of the prompts' contexts differ: the positions depend on the sizes alone.
  positive = first().positive;
  positive.caption = stack([](const Job& job) { return job.positive.caption; });
  negative = first().negative;
  negative.caption = stack([](const Job& job) { return job.negative.caption; });
  const auto moved = [&](const at::Tensor& tensor) { return tensor.defined() ? tensor.to(device) : tensor; };
  blend.mask = moved(stack([](const Job& job) { return job.blend.mask; }));
  blend.latent = moved(stack([](const Job& job) { return job.blend.latent; }));
  blend.noise = moved(stack([](const Job& job) { return job.blend.noise; }));
  blend.level = moved(stack([](const Job& job) { return job.blend.level; }));
  control.tokens = stack([](const Job& job) { return job.control.tokens; });
  control.scale = first().control.scale;
}

at::Tensor InpaintPipeline::Stack::draw_noise() const {
  std::vector<at::Tensor> drawn;
  for (Job* job : jobs) drawn.push_back(job->noise->draw(job->blend.latent.sizes().vec()));
  return (drawn.size() == 1 ? drawn.front() : at::cat(drawn, 0)).to(device);
}

void InpaintPipeline::Stack::check(const at::Tensor& denoised) {
  if (nn::in_card_mode(device)) {
    finite.add(denoised);
  } else {
    require_finite(denoised, kLatents);
  }
}

void InpaintPipeline::Stack::require_checked() const {
  if (!finite.finite()) throw not_finite(kLatents, ", which a device is asked only after the last step");
}

}  // namespace zimage

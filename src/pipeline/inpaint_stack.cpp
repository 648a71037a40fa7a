// Stacks the tensors of pictures that share their forwards.
#include <ATen/ATen.h>

#include "pipeline/inpaint_job.h"

namespace zimage {
InpaintPipeline::Stack::Stack(const std::vector<Job*>& jobs_) : jobs(jobs_) {
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
  blend.mask = stack([](const Job& job) { return job.blend.mask; });
  blend.latent = stack([](const Job& job) { return job.blend.latent; });
  blend.noise = stack([](const Job& job) { return job.blend.noise; });
  blend.level = stack([](const Job& job) { return job.blend.level; });
  control.tokens = stack([](const Job& job) { return job.control.tokens; });
  control.scale = first().control.scale;
}

at::Tensor InpaintPipeline::Stack::draw_noise() const {
  std::vector<at::Tensor> drawn;
  for (Job* job : jobs) drawn.push_back(job->noise->draw(job->blend.latent.sizes().vec()));
  return drawn.size() == 1 ? drawn.front() : at::cat(drawn, 0);
}

}  // namespace zimage

// Pictures that share their forwards: which may, and their tensors stacked.
#include <ATen/ATen.h>

#include <tuple>

#include "inpaint/prompt.h"
#include "models/patchify.h"
#include "pipeline/inpaint_job.h"

namespace zimage {
InpaintPipeline::Together::Together(const std::vector<Job*>& jobs_) : jobs(jobs_) {
  const auto stack = [&](const auto& part) {
    std::vector<at::Tensor> parts;
    for (const Job* job : jobs) parts.push_back(part(*job));
    return parts.size() == 1 || !parts.front().defined() ? parts.front() : at::cat(parts, 0);
  };
  // All but the captions is the same for all: the positions depend on the sizes alone.
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

at::Tensor InpaintPipeline::Together::draw_noise() const {
  std::vector<at::Tensor> drawn;
  for (Job* job : jobs) drawn.push_back(job->noise->draw(job->blend.latent.sizes().vec()));
  return drawn.size() == 1 ? drawn.front() : at::cat(drawn, 0);
}

bool InpaintPipeline::can_share(const Request& a, const Request& b) const {
  const auto sampling = [](const Request& r) {
    return std::tuple(r.steps, r.shift, r.guidance_scale, r.strength, r.sampler, r.strategy, r.jump_length,
                      r.jump_count);
  };
  const auto shape = [](const Request& r) {
    return std::tuple(r.mask.soft(), r.control_image.empty(), r.control_scale);
  };
  if (sampling(a) != sampling(b) || shape(a) != shape(b)) return false;
  const auto regions_a = plan_regions(a);
  const auto regions_b = plan_regions(b);
  if (regions_a.size() != 1 || regions_b.size() != 1) return false;
  if (regions_a[0].working_width != regions_b[0].working_width) return false;
  if (regions_a[0].working_height != regions_b[0].working_height) return false;
  // A caption is padded to a multiple of 32 and attended without a mask: only equal lengths go together.
  const auto padded = [&](const std::string& prompt) {
    return padded_count(static_cast<std::int64_t>(tokenize_prompt(models_.tokenizer(), prompt).ids.size()));
  };
  if (padded(a.prompt) != padded(b.prompt)) return false;
  return a.guidance_scale == 1.0 || padded(a.negative_prompt) == padded(b.negative_prompt);
}

}  // namespace zimage

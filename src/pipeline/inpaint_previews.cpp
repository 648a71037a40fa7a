// Shows what the steps of a run come to, for those who watch it.
#include <ATen/ATen.h>

#include "pipeline/inpaint_job.h"

namespace zimage {

void InpaintPipeline::fit_colors(Job& job) {
  if (!chart_.latent.defined()) {
    chart_.pixels = color_chart();
    chart_.latent = models_.vae().encoder.encode(chart_.pixels);
  }
  job.colors.emplace(chart_, EncodedPixels{job.pixels, job.blend.latent});
}

InpaintPipeline::Previews::Previews(const Stack& stack) : stack_(stack), step_(stack.first().steps_done) {}

void InpaintPipeline::Previews::show(const at::Tensor& denoised) {
  if (!stack_.first().colors) return;
  ++step_;
  // What the model takes the clean latents to be, with the kept part as it will be.
  const at::Tensor shown = stack_.holds() ? stack_.blend(denoised, 0.0) : denoised;
  for (std::size_t i = 0; i < stack_.jobs.size(); ++i) {
    const Job& job = *stack_.jobs[i];
    job.observer.preview({.picture = i,
                          .step = step_,
                          .total = stack_.steps_in_all(),
                          .region = job.region,
                          .image = (*job.colors)(shown.narrow(0, static_cast<std::int64_t>(i), 1))});
  }
}

}  // namespace zimage

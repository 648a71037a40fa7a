// The order of the stages: prompt → latents → denoising → pixels → composite.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "pipeline/latent_colors.h"
#include "pipeline/prompt_cache.h"
#include "pipeline/residency/model_store.h"
#include "zimage/inpainter.h"

namespace zimage {

/// Runs the stages with one model's parts.
class InpaintPipeline {
 public:
  InpaintPipeline(const ModelPaths& paths, const ComputeOptions& compute);
  /// Takes a model that is open already.
  InpaintPipeline(OpenedModel model, const ComputeOptions& compute);

  const ModelStore& models() const { return models_; }

  /// Does what Inpainter::plan() documents.
  Work plan(const Request& request) const;

  /// Does what Inpainter::can_share() documents.
  bool can_share(const Work& a, const Work& b) const;

  /// Returns the cache of encoded prompts, which may be told the prompts of coming runs.
  PromptCache& prompts() { return prompts_; }

  /// Does what Inpainter::prepare() documents.
  std::map<std::string, double> prepare(const std::vector<std::string>& prompts, Observer& observer);

  /// Inpaints one picture, or several that can share their forwards. Errors: those of Inpainter::run().
  std::vector<Result> run(const std::vector<Work>& works, Observer& observer);

 private:
  struct Job;
  struct Stack;
  class Previews;

  std::vector<WorkingRegion> regions_of(const Request& request) const;
  EncodedPrompt encode_prompt(Job& job, const std::string& prompt);
  void encode_prompts(Job& job);
  /// Begins to load the DiT, and loads the VAE before it, if the DiT may come while something else computes.
  void load_ahead(Job& job);
  void encode_picture(Job& job);
  void fit_colors(Job& job);
  at::Tensor control_latents(Job& job);
  void refine_captions(Job& job);
  void embed_control(Job& job);
  at::Tensor predict(Stack& stack, const at::Tensor& x, double sigma);
  at::Tensor denoise(Stack stack);
  void finish_region(Job& job, const at::Tensor& latents);

  ModelStore models_;
  PromptCache prompts_;
  EncodedPixels chart_;  ///< encoded when it is first needed
};

}  // namespace zimage

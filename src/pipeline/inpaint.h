// The order of the stages: prompt → latents → denoising → pixels → composite.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "pipeline/prompt_cache.h"
#include "pipeline/residency/model_store.h"
#include "zimage/inpainter.h"

namespace zimage {

class InpaintPipeline {
 public:
  InpaintPipeline(const ModelPaths& paths, const ComputeOptions& compute);

  const ModelStore& models() const { return models_; }

  /// As Inpainter::plan.
  Work plan(const Request& request) const;

  /// As Inpainter::can_share.
  bool can_share(const Work& a, const Work& b) const;

  /// The prompts of runs to come may be said here.
  PromptCache& prompts() { return prompts_; }

  /// As Inpainter::prepare.
  std::map<std::string, double> prepare(const std::vector<std::string>& prompts, Observer& observer);

  /// Inpaints pictures that can share their forwards, or one. Errors as Inpainter::run.
  std::vector<Result> run(const std::vector<Work>& works, Observer& observer);

 private:
  struct Job;
  struct Stack;

  std::vector<WorkingRegion> regions_of(const Request& request) const;
  EncodedPrompt encode_prompt(Job& job, const std::string& prompt);
  void encode_prompts(Job& job);
  void encode_picture(Job& job);
  void encode_control(Job& job);
  at::Tensor predict(const Stack& stack, const at::Tensor& x, double sigma);
  at::Tensor denoise(const Stack& stack);
  void finish_region(Job& job, const at::Tensor& latents);

  ModelStore models_;
  PromptCache prompts_;
};

}  // namespace zimage

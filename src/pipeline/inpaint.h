// The order of the stages: prompt → latents → denoising → pixels → composite.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "pipeline/model_store.h"
#include "zimage/inpainter.h"

namespace zimage {

class InpaintPipeline {
 public:
  InpaintPipeline(const ModelPaths& paths, const ComputeOptions& compute);

  const ModelStore& models() const { return models_; }

  /// As Inpainter::choose_strategy.
  StrategyChoice choose_strategy(const Request& request) const;

  /// As Inpainter::plan_regions.
  std::vector<WorkingRegion> plan_regions(const Request& request) const;

  /// As Inpainter::can_share.
  bool can_share(const Request& a, const Request& b) const;

  /// As Inpainter::encode_prompts.
  void encode_prompts(const std::vector<std::string>& prompts, Observer& observer);

  /// Inpaints pictures whose requests can share their forwards, or one. Errors as Inpainter::run.
  std::vector<Result> run(const std::vector<const Request*>& requests, Observer& observer);

 private:
  struct Job;
  struct Together;
  struct Prompt {
    at::Tensor embeds;  ///< [1, L, cap_feat_dim]
    std::int64_t tokens = 0;
  };

  const Prompt& encode_prompt(Job& job, const std::string& prompt);
  void encode_prompts(Job& job);
  void forget_prompts();
  void begin_run(Job& job);
  void encode_picture(Job& job);
  void encode_control(Job& job);
  at::Tensor predict(const Together& together, const at::Tensor& x, double sigma);
  at::Tensor denoise(const Together& together);
  void finish_region(Job& job, const at::Tensor& latents);
  void compare_with_picture(Job& job);

  ModelStore models_;
  std::map<std::string, Prompt> prompts_;  ///< a prompt is encoded once
  std::size_t prompt_bytes_ = 0;           ///< that their embeddings take
};

}  // namespace zimage

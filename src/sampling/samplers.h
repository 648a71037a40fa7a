// Samplers: loops over σ that know no model and no mask.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace zimage {

/// The denoised prediction D(x, σ) of latents x, of the same shape.
using Denoiser = std::function<at::Tensor(const at::Tensor& x, double sigma)>;

/// Called after step `step` (0-based) with the new latents at noise level `sigma_next`; what it returns goes on.
using StepCallback = std::function<at::Tensor(const at::Tensor& x, int step, double sigma_next)>;

/// Everything a sampler needs. `sigmas` are descending, at least two, the last may be 0. `x` is at sigmas[0], fp32.
struct SamplingProblem {
  Denoiser denoiser;
  at::Tensor x;
  std::vector<double> sigmas;
  StepCallback callback;  ///< may be empty
};

/// First order: x ← x + (x − D)/σ · (σ_next − σ).
at::Tensor sample_euler(const SamplingProblem& problem);

/// Second-order exponential multistep (Zhang and Chen, arXiv 2308.02157; deterministic, eta 0). The first step and a
/// step to 0 are Euler steps.
at::Tensor sample_res_multistep(const SamplingProblem& problem);

/// The multistep coefficients of one step from σ to σ_next with the previous D at σ_prev:
/// x ← decay·x + current·D + previous·D₋. Requires σ_prev > σ > σ_next > 0.
struct ResCoefficients {
  double decay = 0.0;
  double current = 0.0;
  double previous = 0.0;
};
ResCoefficients res_coefficients(double sigma_prev, double sigma, double sigma_next);

}  // namespace zimage

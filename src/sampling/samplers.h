// Samplers: loops over σ that know no model and no mask.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace zimage {

/// Returns the denoised prediction D(x, σ) for latents x, with the same shape.
using Denoiser = std::function<at::Tensor(const at::Tensor& x, double sigma)>;

/// Called after step `step` (0-based) with the new latents at level `sigma_next`; returns the latents to go on with.
using StepCallback = std::function<at::Tensor(const at::Tensor& x, int step, double sigma_next)>;

/// Everything that a sampler needs: at least two descending `sigmas`, the last of which may be 0, and `x` at sigmas[0].
struct SamplingProblem {
  Denoiser denoiser;
  at::Tensor x;  ///< fp32
  std::vector<double> sigmas;
  StepCallback callback;  ///< may be empty
};

/// Samples with first-order Euler steps: x ← x + (x − D)/σ · (σ_next − σ).
at::Tensor sample_euler(const SamplingProblem& problem);

/// Samples with second-order exponential multistep steps (Zhang and Chen, arXiv 2308.02157; deterministic, eta 0). The
/// first step and a step to 0 are Euler steps.
at::Tensor sample_res_multistep(const SamplingProblem& problem);

/// The multistep coefficients of one step from σ to σ_next, where the previous D was at σ_prev:
/// x ← decay·x + current·D + previous·D₋. Requires σ_prev > σ > σ_next > 0.
struct ResCoefficients {
  double decay = 0.0;
  double current = 0.0;
  double previous = 0.0;
};
ResCoefficients res_coefficients(double sigma_prev, double sigma, double sigma_next);

}  // namespace zimage

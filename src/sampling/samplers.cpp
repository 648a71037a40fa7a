#include "sampling/samplers.h"

#include <ATen/ATen.h>

#include <cmath>

namespace zimage {
namespace {

at::Tensor euler_step(const at::Tensor& x, const at::Tensor& denoised, double sigma, double sigma_next) {
  return x + (x - denoised) * ((sigma_next - sigma) / sigma);
}

/// The loop that both samplers share: predict, step, call back.
template <class Step>
at::Tensor run(const SamplingProblem& problem, Step step) {
  at::Tensor x = problem.x;
  const auto& sigmas = problem.sigmas;
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const at::Tensor denoised = problem.denoiser(x, sigmas[i]);
    x = step(x, denoised, i);
    if (problem.callback) x = problem.callback(x, static_cast<int>(i), sigmas[i + 1]);
  }
  return x;
}

}  // namespace

ResCoefficients res_coefficients(double sigma_prev, double sigma, double sigma_next) {
  const double h = std::log(sigma) - std::log(sigma_next);
  const double c2 = (std::log(sigma) - std::log(sigma_prev)) / h;
  const double phi1 = std::expm1(-h) / -h;
  const double phi2 = (phi1 - 1.0) / -h;
  return {std::exp(-h), h * (phi1 - phi2 / c2), h * (phi2 / c2)};
}

at::Tensor sample_euler(const SamplingProblem& problem) {
  return run(problem, [&](const at::Tensor& x, const at::Tensor& denoised, std::size_t i) {
    return euler_step(x, denoised, problem.sigmas[i], problem.sigmas[i + 1]);
  });
}

at::Tensor sample_res_multistep(const SamplingProblem& problem) {
  at::Tensor previous;
  return run(problem, [&](const at::Tensor& x, const at::Tensor& denoised, std::size_t i) {
    const double sigma = problem.sigmas[i];
    const double sigma_next = problem.sigmas[i + 1];
    at::Tensor next;
    if (!previous.defined() || sigma_next == 0.0) {
      next = euler_step(x, denoised, sigma, sigma_next);
    } else {
      const auto c = res_coefficients(problem.sigmas[i - 1], sigma, sigma_next);
      next = x * c.decay + denoised * c.current + previous * c.previous;
    }
    previous = denoised;
    return next;
  });
}

}  // namespace zimage

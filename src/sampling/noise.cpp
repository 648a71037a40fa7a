#include "sampling/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

namespace zimage {

NoiseSource::NoiseSource(std::uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

at::Tensor NoiseSource::draw(const std::vector<std::int64_t>& shape) {
  return at::randn(shape, generator_, at::TensorOptions(at::kFloat));
}

at::Tensor make_noise(const std::vector<std::int64_t>& shape, std::uint64_t seed) {
  return NoiseSource(seed).draw(shape);
}

at::Tensor renoised(const at::Tensor& x, double sigma, double sigma_back, const at::Tensor& noise) {
  const double kept = (1.0 - sigma_back) / (1.0 - sigma);
  // Variances add: what is kept of the old noise, and as much new as is missing.
  const double added = std::sqrt(std::max(0.0, sigma_back * sigma_back - kept * kept * sigma * sigma));
  return x * kept + noise * added;
}

}  // namespace zimage

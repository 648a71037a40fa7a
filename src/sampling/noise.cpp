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

at::Tensor renoised(const at::Tensor& x, double sigma, double sigma_back, const at::Tensor& noise) {
  const double kept = (1.0 - sigma_back) / (1.0 - sigma);
  // Variances add, so the new noise makes up for the variance that the kept old noise lacks.
  const double added = std::sqrt(std::max(0.0, sigma_back * sigma_back - kept * kept * sigma * sigma));
  return x * kept + noise * added;
}

}  // namespace zimage

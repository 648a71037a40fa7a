// The noise that a picture starts from, and that later jumps back add.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace zimage {

/// Draws standard normal fp32 noise from a CPU mt19937 generator, so that a seed means the same on every device. The
/// first draw is torch.randn(shape, generator=torch.Generator().manual_seed(seed)); later draws continue that
/// generator.
class NoiseSource {
 public:
  explicit NoiseSource(std::uint64_t seed);
  at::Tensor draw(const std::vector<std::int64_t>& shape);

 private:
  at::Generator generator_;
};

/// Jumps back: raises x from noise level `sigma` to `sigma_back` with new noise, so that x = (1 − σ)·x_0 + σ·n becomes
/// (1 − σ')·x_0 + σ'·n'. Requires sigma < sigma_back <= 1.
at::Tensor renoised(const at::Tensor& x, double sigma, double sigma_back, const at::Tensor& noise);

}  // namespace zimage

// The noise a picture starts from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace zimage {

/// Standard normal fp32 noise from a CPU mt19937 generator, so that a seed means the same on every device, and the same
/// as torch.randn(shape, generator=torch.Generator().manual_seed(seed)).
at::Tensor make_noise(const std::vector<std::int64_t>& shape, std::uint64_t seed);

}  // namespace zimage

// Weights for tests that need a model's shapes and no meaning.
#pragma once

#include <ATen/ATen.h>

#include <cmath>

#include "support/memory_source.h"

namespace zimage::test {

/// Returns random weights that keep a signal's size: matrices and kernels by their fan-in, norms near 1, biases small.
inline MemorySource random_weights(const NamedShapes& list) {
  MemorySource source;
  at::manual_seed(1);
  for (const auto& [name, shape] : list) {
    StoredWeight weight{.encoding = Encoding::kF32, .shape = shape};
    weight.data = at::randn(shape);
    if (shape.size() > 1) {
      weight.data.div_(std::sqrt(static_cast<double>(weight.data.numel() / shape.front())));
    } else {
      weight.data.mul_(0.1);
      if (name.find("norm") != std::string::npos && name.ends_with("weight")) weight.data.add_(1.0);
    }
    source.add(name, weight);
  }
  return source;
}

/// Returns a VAE's list with all channels but those of pixels and latents divided.
inline NamedShapes smaller_vae(NamedShapes list, std::int64_t divisor) {
  constexpr std::int64_t kSmallestWidth = 128;
  for (auto& [name, shape] : list) {
    for (auto& side : shape) side = side >= kSmallestWidth ? side / divisor : side;
  }
  return list;
}

}  // namespace zimage::test

// Where weights are held, and as what.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <limits>

namespace zimage::nn {

/// The device, dtype and layout that weights are held in.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  /// Copy dense linear weights into oneDNN's layout (CPU, fp32 or bf16).
  bool packed = false;
  /// Multiply bulk linear layers in int8 (CPU).
  bool int8 = false;
  /// Multiply bulk linear layers in fp8 (CUDA; elsewhere by the twin of its product, for tests).
  bool fp8 = false;
  /// Hold linear weights as they are stored, and convert them a panel at a time when they are multiplied: dense ones to
  /// the dtype, as quantised ones are dequantised, and bulk ones to int8 where that is asked for. If a bf16 file is
  /// computed in fp32, it takes half the memory. Nothing is packed.
  bool as_stored = false;
  /// So many of a model's main layers stay in memory, the others are streamed (nn/stream). The default means all.
  std::int64_t resident_layers = std::numeric_limits<std::int64_t>::max();
};

}  // namespace zimage::nn

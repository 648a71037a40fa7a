// A linear layer whose weight knows how to multiply. Weights are dense so far; other storage (fp8, GGUF blocks,
// low-rank additions) will be further LinearWeight types.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

namespace zimage::nn {

class LinearWeight {
 public:
  virtual ~LinearWeight() = default;
  /// Maps x [..., in] to [..., out]; `bias` is [out] or undefined.
  virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const = 0;
};

/// Makes a weight that at::linear multiplies; `weight` is [out, in] in the compute dtype.
std::shared_ptr<const LinearWeight> dense_weight(at::Tensor weight);

/// Copies `weight` [out, in], fp32 on the CPU, into oneDNN's blocked layout: measured 1.4–1.8 times as fast as
/// at::linear (MKL) on AMD EPYC. `weight` itself is not kept.
std::shared_ptr<const LinearWeight> packed_weight(const at::Tensor& weight);
/// Returns whether this libtorch has oneDNN's packed linear.
bool packing_available();

struct Linear {
  std::shared_ptr<const LinearWeight> weight;
  at::Tensor bias;  ///< undefined if the layer has none

  at::Tensor operator()(const at::Tensor& x) const { return weight->forward(x, bias); }
};

}  // namespace zimage::nn

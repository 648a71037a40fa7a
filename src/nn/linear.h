// A linear layer whose weight knows how to multiply. Weights are dense so far; other storage (fp8, GGUF blocks,
// low-rank additions) will be further LinearWeight types.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace zimage::nn {

/// Returns the tensor that takes another one's place: the same values elsewhere.
using TensorMap = std::function<at::Tensor(const at::Tensor&)>;

class LinearWeight {
 public:
  virtual ~LinearWeight() = default;
  /// Maps x [..., in] to [..., out]; `bias` is [out] or undefined.
  virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& bias) const = 0;
  /// Returns the same weight on other tensors: each that it holds is replaced by map(tensor), always in the same order.
  /// What LoRAs add stays where it is. Kinds of weights that are never streamed through slots don't support it.
  virtual std::shared_ptr<const LinearWeight> mapped(const TensorMap& map) const;
  /// Returns the matrix [out, in] if the weight is nothing but one that at::linear multiplies; else an undefined
  /// tensor.
  virtual at::Tensor dense() const { return {}; }
};

/// Makes a weight that at::linear multiplies; `weight` is [out, in] in the compute dtype.
std::shared_ptr<const LinearWeight> dense_weight(at::Tensor weight);

/// Copies `weight` [out, in], fp32 or bf16 on the CPU, into oneDNN's blocked layout: measured 1.4–1.8 times as fast as
/// at::linear (MKL) in fp32 on AMD EPYC, 1.05–1.08 times in bf16 on AVX512-BF16. `weight` itself is not kept.
std::shared_ptr<const LinearWeight> packed_weight(const at::Tensor& weight);
/// Returns whether this libtorch has oneDNN's packed linear, and for bf16 whether this processor does too.
bool packing_available(at::ScalarType dtype = at::kFloat);

struct Linear {
  std::shared_ptr<const LinearWeight> weight;
  at::Tensor bias;  ///< undefined if the layer has none

  at::Tensor operator()(const at::Tensor& x) const { return weight->forward(x, bias); }
};

/// Replaces the layer's tensors, if it has any, as LinearWeight::mapped() does.
void map_tensors(Linear& layer, const TensorMap& map);

}  // namespace zimage::nn

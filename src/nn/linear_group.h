// Linear layers that multiply the same input.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nn/linear.h"

namespace zimage::nn {

/// Layers without biases, such as those of q, k and v. They may be held as one matrix: then one product makes all their
/// results, which are views of its columns.
class LinearGroup {
 public:
  LinearGroup() = default;
  /// `layers` have results of these widths. They are joined if `join` says so and all of them are dense in one dtype,
  /// or in fp8.
  LinearGroup(std::vector<Linear> layers, std::vector<std::int64_t> widths, bool join);

  /// Returns each layer's result for x [..., in]: [..., width], with neighbouring elements in the last dimension.
  std::vector<at::Tensor> operator()(const at::Tensor& x) const;
  bool joined() const { return layers_.size() < widths_.size(); }

  friend void map_tensors(LinearGroup& group, const TensorMap& map);

 private:
  std::vector<Linear> layers_;  ///< one if they are joined
  std::vector<std::int64_t> widths_;
};

/// Replaces the tensors of the layers, as LinearWeight::mapped() does.
void map_tensors(LinearGroup& group, const TensorMap& map);

}  // namespace zimage::nn

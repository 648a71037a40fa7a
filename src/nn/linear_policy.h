// Decides how a linear layer's weight is held and multiplied. This is the only place where its encoding decides that.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "nn/linear.h"
#include "nn/lora/weight_change.h"
#include "nn/placement.h"
#include "nn/workspace.h"
#include "weights/stored_weight.h"

namespace zimage::nn {

/// What a weight is for.
enum class WeightUse {
  kTensor,   ///< no linear layer: a norm, a bias, a convolution
  kPrecise,  ///< a linear layer that is sensitive, or too small to matter
  kBulk,     ///< one of the many linear layers of a model's blocks, which may be multiplied in int8 or fp8
  kOneRow    ///< a linear layer that multiplies a single row, for which packing is a loss
};

/// Makes the weight [out, in] of a linear layer on the placement's device. A dense weight is held in the placement's
/// dtype (a view of `weight` if that fits already and nothing is packed); a quantised one stays as it is stored, and is
/// dequantised when it is used. With `as_stored` a dense one of another dtype does the same. Where the placement asks
/// for int8 or fp8, a kBulk weight is quantised to that, whatever it is. `changes`, on the placement's device, are
/// merged into a dense weight in fp32. A quantised one stays as it is: thin products are multiplied beside it, and
/// other changes apply to its rows when they are dequantised.
std::shared_ptr<const LinearWeight> make_linear_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                       const Placement& placement, WeightUse use,
                                                       const std::shared_ptr<Workspace>& workspace);

/// Returns the weight on a device; its bytes stay as they are.
StoredWeight to_device(const StoredWeight& weight, at::Device device);

/// Returns the weight in its own shape, in the placement's dtype and on its device: for norms, biases and convolutions.
/// It is a view of `weight` where that fits already and nothing changes it.
at::Tensor make_tensor(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement);

/// Returns whether what make_tensor() (kTensor) or make_linear_weight() makes of the weight refers to its stored bytes.
bool refers_to_stored(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement,
                      WeightUse use);

/// Returns whether a dense weight is copied, in the placement's dtype, before anything is made of it on the CPU.
bool is_copied_first(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement,
                     WeightUse use);

}  // namespace zimage::nn

// A linear layer's weight with products of thin matrices beside it.
#pragma once

#include <memory>
#include <vector>

#include "nn/linear.h"
#include "nn/lora/weight_change.h"

namespace zimage::nn {

/// Adds the products to what `weight` makes of its input, in the input's dtype: the weight itself stays as it is.
/// `products` are on the weight's device; there is at least one.
std::shared_ptr<const LinearWeight> with_low_rank(std::shared_ptr<const LinearWeight> weight,
                                                  const std::vector<LowRank>& products, at::ScalarType dtype);

}  // namespace zimage::nn

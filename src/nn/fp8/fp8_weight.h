// A linear layer's weight that is multiplied in fp8.
#pragma once

#include <memory>
#include <vector>

#include "nn/linear.h"
#include "nn/lora/weight_change.h"
#include "weights/stored_weight.h"

namespace zimage::nn {

/// Returns whether a weight can be multiplied in fp8: [out, in], and both are multiples of 16.
bool fits_fp8(const StoredWeight& weight);

/// Makes a weight of fp8 e4m3 numbers with a scale for each row, on the weight's device. `weight` is read once and not
/// kept. What is stored as fp8 e4m3 stays as it is; all else is quantised, some rows at a time. `changes`, on that
/// device, are made to the rows before that.
std::shared_ptr<const LinearWeight> fp8_weight(const StoredWeight& weight, const WeightChanges& changes);

/// Returns one weight with the rows of all, one after another, if every one is what fp8_weight() makes; else null.
std::shared_ptr<const LinearWeight> joined_fp8(const std::vector<std::shared_ptr<const LinearWeight>>& weights);

}  // namespace zimage::nn

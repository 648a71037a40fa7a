// A linear layer's weight that is multiplied in int8.
#pragma once

#include <memory>

#include "nn/linear.h"
#include "nn/lora/weight_change.h"
#include "nn/workspace.h"
#include "weights/stored_weight.h"

namespace zimage::nn {

/// Returns whether a weight can be multiplied in int8: [out, in] on the CPU, with not too many columns.
bool fits_int8(const StoredWeight& weight);

/// Makes a weight of int8 numbers with a scale for each row. `weight` is read once and not kept. What is stored as int8
/// stays as it is, also if its columns are rotated (convrot); all else is quantised, some rows at a time. `changes`, on
/// the CPU, are made to the rows before that.
std::shared_ptr<const LinearWeight> int8_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                std::shared_ptr<Workspace> workspace);

/// Makes a weight that is multiplied to the same bits, but stays as it is stored: its rows are quantised some at a time
/// whenever they are used. This is for layers that are streamed from their file.
std::shared_ptr<const LinearWeight> stored_int8_weight(StoredWeight weight, WeightChanges changes,
                                                       std::shared_ptr<Workspace> workspace);

}  // namespace zimage::nn

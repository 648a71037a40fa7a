// A linear layer's weight that stays in memory as it is stored: quantised, or dense in another dtype.
#pragma once

#include <cstdint>
#include <memory>

#include "nn/linear.h"
#include "nn/lora/weight_change.h"
#include "nn/workspace.h"
#include "weights/stored_weight.h"

namespace zimage::nn {

/// Makes a weight that is dequantised a panel of rows at a time into the workspace, and then multiplied in `dtype`.
/// `weight` is [out, in]; it stays where it is, in mapped memory if it is a view of a file. `changes`,
/// on the weight's device, apply to each panel while it is fp32.
std::shared_ptr<const LinearWeight> quantised_weight(StoredWeight weight, at::ScalarType dtype,
                                                     std::shared_ptr<Workspace> workspace, WeightChanges changes = {});

/// Returns the size of a panel, about; the workspace takes as much, and twice as much in fp32 while LoRAs change it.
std::int64_t panel_bytes(at::Device device);

}  // namespace zimage::nn

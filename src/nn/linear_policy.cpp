#include "nn/linear_policy.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "nn/fp8/fp8_weight.h"
#include "nn/int8/int8_weight.h"
#include "nn/lora/low_rank_weight.h"
#include "nn/quantised/dequantise.h"
#include "nn/quantised/quantised_weight.h"

namespace zimage::nn {
namespace {

at::Tensor to(const at::Tensor& tensor, at::Device device) { return tensor.defined() ? tensor.to(device) : tensor; }

/// Returns the changed weight: dense, fp32, and with memory of its own.
StoredWeight merge(const StoredWeight& weight, const WeightChanges& changes, at::Device device) {
  at::Tensor merged = is_dense(weight.encoding) ? weight.data : dequantise(weight, at::kFloat);
  merged = merged.to(device).to(device, at::kFloat, false, /*copy=*/true).contiguous();
  at::Tensor rows = merged.view({weight.row_count(), weight.columns()});
  apply(changes, rows, 0);
  return {.encoding = Encoding::kF32, .shape = weight.shape, .data = merged};
}

bool is_int8(const StoredWeight& weight, const Placement& placement, WeightUse use) {
  return placement.int8 && placement.device.is_cpu() && use == WeightUse::kBulk && fits_int8(weight);
}

bool is_fp8(const StoredWeight& weight, const Placement& placement, WeightUse use) {
  return placement.fp8 && use == WeightUse::kBulk && fits_fp8(weight);
}

/// Returns whether a weight is multiplied in 8 bits.
bool is_narrow(const StoredWeight& weight, const Placement& placement, WeightUse use) {
  return is_int8(weight, placement, use) || is_fp8(weight, placement, use);
}

/// Makes a weight for which is_narrow() holds.
std::shared_ptr<const LinearWeight> make_narrow_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                       const Placement& placement,
                                                       const std::shared_ptr<Workspace>& workspace) {
  if (placement.fp8) return fp8_weight(to_device(weight, placement.device), changes);
  return placement.as_stored ? stored_int8_weight(weight, changes, workspace) : int8_weight(weight, changes, workspace);
}

/// Returns whether a linear layer's weight stays as it is stored, and is converted a panel at a time.
bool stays_stored(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement) {
  if (!is_dense(weight.encoding)) return true;
  return placement.as_stored && (!changes.empty() || weight.data.scalar_type() != placement.dtype);
}

/// Products at the end of the list are multiplied beside the weight, which is exact. What comes before them changes its
/// rows, because DoRA's norms ask for changed rows.
std::shared_ptr<const LinearWeight> changed_stored_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                          const Placement& placement, WeightUse use,
                                                          const std::shared_ptr<Workspace>& workspace) {
  const auto first_beside =
      std::find_if(changes.rbegin(), changes.rend(), [](const auto& change) { return change->low_rank() == nullptr; });
  std::vector<LowRank> beside;
  for (auto change = first_beside.base(); change != changes.end(); ++change) beside.push_back(*(*change)->low_rank());
  const WeightChanges to_rows(changes.begin(), first_beside.base());
  auto made = is_narrow(weight, placement, use)
                  ? make_narrow_weight(weight, to_rows, placement, workspace)
                  : quantised_weight(to_device(weight, placement.device), placement.dtype, workspace, to_rows);
  return beside.empty() ? made : with_low_rank(std::move(made), beside, placement.dtype);
}

}  // namespace

StoredWeight to_device(const StoredWeight& weight, at::Device device) {
  StoredWeight moved = weight;
  moved.data = to(weight.data, device);
  moved.scale = to(weight.scale, device);
  moved.block_scale = to(weight.block_scale, device);
  moved.column_scale = to(weight.column_scale, device);
  return moved;
}

at::Tensor make_tensor(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement) {
  if (!changes.empty()) return make_tensor(merge(weight, changes, placement.device), {}, placement);
  // Move it to the device first: it has fewer bytes as it is stored, and the conversion is faster there.
  if (!is_dense(weight.encoding)) return dequantise(to_device(weight, placement.device), placement.dtype);
  const at::Tensor placed = weight.data.to(placement.device).to(placement.dtype);
  return placement.packed && !placement.as_stored && placed.is_alias_of(weight.data) ? placed.clone() : placed;
}

std::shared_ptr<const LinearWeight> make_linear_weight(const StoredWeight& weight, const WeightChanges& changes,
                                                       const Placement& placement, WeightUse use,
                                                       const std::shared_ptr<Workspace>& workspace) {
  if (is_dense(weight.encoding) && is_narrow(weight, placement, use)) {
    return make_narrow_weight(weight, changes, placement, workspace);
  }
  if (stays_stored(weight, changes, placement)) {
    return changed_stored_weight(weight, changes, placement, use, workspace);
  }
  if (!changes.empty()) {
    return make_linear_weight(merge(weight, changes, placement.device), {}, placement, use, workspace);
  }
  if (placement.packed && !placement.as_stored && use != WeightUse::kOneRow) {
    return packed_weight(weight.data.to(placement.dtype));
  }
  return dense_weight(make_tensor(weight, {}, placement));
}

bool refers_to_stored(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement,
                      WeightUse use) {
  if (!placement.device.is_cpu()) return false;
  if (is_fp8(weight, placement, use)) return false;
  if (is_int8(weight, placement, use)) return placement.as_stored;
  if (use != WeightUse::kTensor && stays_stored(weight, changes, placement)) return true;
  if (!is_dense(weight.encoding)) return false;
  return changes.empty() && (!placement.packed || placement.as_stored) && weight.data.scalar_type() == placement.dtype;
}

bool is_copied_first(const StoredWeight& weight, const WeightChanges& changes, const Placement& placement,
                     WeightUse use) {
  if (!is_dense(weight.encoding) || !changes.empty() || is_narrow(weight, placement, use)) return false;
  if (refers_to_stored(weight, changes, placement, use)) return false;
  // Packing copies, so it needs no copy before it, unless the dtype changes.
  const bool packs = placement.packed && (use == WeightUse::kPrecise || use == WeightUse::kBulk);
  return !packs || weight.data.scalar_type() != placement.dtype;
}

}  // namespace zimage::nn

#include "nn/linear_group.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "nn/fp8/fp8_weight.h"

namespace zimage::nn {
namespace {

/// Returns one weight with the rows of all layers' matrices; null if they can't be one matrix.
std::shared_ptr<const LinearWeight> joined_weight(const std::vector<Linear>& layers) {
  std::vector<at::Tensor> parts;
  std::vector<std::shared_ptr<const LinearWeight>> weights;
  for (const Linear& layer : layers) {
    if (layer.bias.defined()) return nullptr;
    weights.push_back(layer.weight);
    const at::Tensor part = layer.weight->dense();
    if (part.defined()) parts.push_back(part);
  }
  if (layers.size() < 2) return nullptr;
  if (parts.size() < layers.size()) return joined_fp8(weights);
  const auto alike = [&](const at::Tensor& part) {
    return part.scalar_type() == parts.front().scalar_type() && part.device() == parts.front().device();
  };
  return std::all_of(parts.begin(), parts.end(), alike) ? dense_weight(at::cat(parts, 0)) : nullptr;
}

}  // namespace

LinearGroup::LinearGroup(std::vector<Linear> layers, std::vector<std::int64_t> widths, bool join)
    : layers_(std::move(layers)), widths_(std::move(widths)) {
  if (!join) return;
  if (auto weight = joined_weight(layers_)) layers_ = {{std::move(weight), {}}};
}

std::vector<at::Tensor> LinearGroup::operator()(const at::Tensor& x) const {
  if (joined()) return layers_.front()(x).split_with_sizes(widths_, -1);
  std::vector<at::Tensor> results;
  for (const Linear& layer : layers_) results.push_back(layer(x));
  return results;
}

void map_tensors(LinearGroup& group, const TensorMap& map) {
  for (Linear& layer : group.layers_) map_tensors(layer, map);
}

}  // namespace zimage::nn

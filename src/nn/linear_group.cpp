#include "nn/linear_group.h"

#include <ATen/ATen.h>

#include <utility>

namespace zimage::nn {
namespace {

/// Returns the rows of all layers' matrices; undefined if they can't be one matrix.
at::Tensor joined_rows(const std::vector<Linear>& layers) {
  std::vector<at::Tensor> parts;
  for (const Linear& layer : layers) {
    const at::Tensor part = layer.weight->dense();
    if (!part.defined() || layer.bias.defined()) return {};
    parts.push_back(part);
    if (part.scalar_type() != parts.front().scalar_type() || part.device() != parts.front().device()) return {};
  }
  return parts.size() > 1 ? at::cat(parts, 0) : at::Tensor();
}

}  // namespace

LinearGroup::LinearGroup(std::vector<Linear> layers, std::vector<std::int64_t> widths, bool join)
    : layers_(std::move(layers)), widths_(std::move(widths)) {
  if (!join) return;
  if (at::Tensor rows = joined_rows(layers_); rows.defined()) layers_ = {{dense_weight(std::move(rows)), {}}};
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

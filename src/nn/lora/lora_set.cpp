#include "nn/lora/lora_set.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/text.h"
#include "nn/finite.h"
#include "nn/quantised/dequantise.h"
#include "zimage/error.h"

namespace zimage::nn {
namespace {

constexpr std::int64_t kPanelRows = 256;

/// Reads the tensors of one layer.
class LayerTensors {
 public:
  LayerTensors(const LoraFile& file, const LoraLayer& layer, at::Device device)
      : file_(file), layer_(layer), device_(device) {}

  bool has(LoraRole role) const { return layer_.has(role); }
  /// Returns a tensor in fp32 as a matrix [first side, rest].
  at::Tensor operator()(LoraRole role) const {
    const at::Tensor stored = dense(role);
    at::Tensor matrix = stored.to(device_).to(at::kFloat).flatten(1);
    if (!matrix.is_alias_of(stored)) file_.tensors->release(layer_.keys.at(role));
    return matrix;
  }
  /// Returns a tensor in its own dtype and shape; a quantised one becomes fp32.
  at::Tensor dense(LoraRole role) const {
    const std::string& key = layer_.keys.at(role);
    const StoredWeight stored = file_.tensors->stored(key);
    if (!all_finite(stored)) {
      throw Error(ErrorCode::kModel,
                  concat({file_.tensors->description(), ": ", in_quotes(key), " has values that are not finite"}),
                  "the LoRA is damaged, or its training failed: get another version of it");
    }
    return is_dense(stored.encoding) ? stored.data : dequantise(stored, at::kFloat);
  }
  /// Returns left · right, or leftᵀ · core · right if the layer has a core.
  LowRank product(LoraRole left, LoraRole core, LoraRole right) const {
    const at::Tensor up = (*this)(left);
    return {has(core) ? at::mm(up.t(), (*this)(core)) : up, (*this)(right)};
  }

 private:
  const LoraFile& file_;
  const LoraLayer& layer_;
  at::Device device_;
};

LowRank rows_of(const LowRank& product, const LoraTarget& target) {
  return {product.up.narrow(0, target.first_row, target.rows), product.down};
}

at::Tensor factor(const LayerTensors& tensors, LoraRole full, LoraRole left, LoraRole core, LoraRole right) {
  if (tensors.has(full)) return tensors(full);
  const LowRank product = tensors.product(left, core, right);
  return at::mm(product.up, product.down);
}

}  // namespace

void LoraSet::add(LoraFile lora, double scale) {
  const std::size_t index = loras_.size();
  loras_.push_back({std::move(lora), scale});
  if (scale == 0.0) return;  // then the weights stay what they are, to the bit and in mapped memory
  const auto& layers = loras_.back().file.layers;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    for (std::size_t target = 0; target < layers[layer].targets.size(); ++target) {
      uses_[layers[layer].targets[target].weight].push_back({index, layer, target});
    }
  }
}

WeightChanges LoraSet::changes(const std::string& weight, const WeightSource& model, at::Device device) const {
  return changes_before(weight, nullptr, model, device);
}

WeightChanges LoraSet::changes_before(const std::string& weight, const Use* end, const WeightSource& model,
                                      at::Device device) const {
  WeightChanges changes;
  const auto uses = uses_.find(weight);
  if (uses == uses_.end()) return changes;
  for (const Use& use : uses->second) {
    if (end != nullptr && !(use < *end)) break;
    const Scaled& lora = loras_[use.lora];
    const LoraLayer& layer = layer_of(use);
    if (!layer.has(LoraRole::kMagnitude)) {
      changes.push_back(addition(use, lora.scale, device));
      continue;
    }
    const LayerTensors tensors(lora.file, layer, device);
    at::Tensor magnitude = tensors.dense(LoraRole::kMagnitude).to(device).to(at::kFloat);
    at::Tensor norm;
    if (layer.magnitude_of_rows) {
      magnitude = magnitude.reshape({-1, 1}).narrow(0, target_of(use).first_row, target_of(use).rows);
    } else {
      magnitude = magnitude.reshape({1, -1});
      norm = column_norm(use, model, device);
    }
    changes.push_back(decomposed_change(addition(use, 1.0, device), magnitude, norm, lora.scale));
  }
  return changes;
}

std::shared_ptr<const WeightChange> LoraSet::addition(const Use& use, double strength, at::Device device) const {
  const LoraLayer& layer = layer_of(use);
  const LoraTarget& target = target_of(use);
  const LayerTensors tensors(loras_[use.lora].file, layer, device);
  const double scale = layer.scale * strength;
  switch (layer.kind) {
    case LoraKind::kLowRank: {
      at::Tensor down = tensors(LoraRole::kDown);
      if (tensors.has(LoraRole::kMid)) down = at::mm(tensors(LoraRole::kMid), down);
      const LowRank product = rows_of({tensors(LoraRole::kUp), down}, target);
      return low_rank_change({product.up * scale, product.down});
    }
    case LoraKind::kHadamard: {
      const LowRank one = tensors.product(LoraRole::kHadaW1A, LoraRole::kHadaT1, LoraRole::kHadaW1B);
      const LowRank two = tensors.product(LoraRole::kHadaW2A, LoraRole::kHadaT2, LoraRole::kHadaW2B);
      return hadamard_change(rows_of(one, target), rows_of(two, target), scale);
    }
    case LoraKind::kKronecker: {
      // A LoKr has no core in its first factor, so any role that it doesn't have stands for it.
      const at::Tensor w1 = factor(tensors, LoraRole::kLokrW1, LoraRole::kLokrW1A, LoraRole::kMid, LoraRole::kLokrW1B);
      const at::Tensor w2 =
          factor(tensors, LoraRole::kLokrW2, LoraRole::kLokrW2A, LoraRole::kLokrT2, LoraRole::kLokrW2B);
      return kronecker_change(w1, w2, target.first_row, scale);
    }
    case LoraKind::kDifference: break;
  }
  const LoraRole role = layer.has(LoraRole::kDiff) ? LoraRole::kDiff : LoraRole::kBiasDiff;
  const at::Tensor difference = tensors.dense(role).to(device).view({layer.rows, layer.columns});
  return difference_change(difference.narrow(0, target.first_row, target.rows), scale);
}

at::Tensor LoraSet::column_norm(const Use& use, const WeightSource& model, at::Device device) const {
  const LoraLayer& layer = layer_of(use);
  at::Tensor squares = at::zeros({layer.columns}, at::TensorOptions(at::kDouble).device(device));
  for (std::size_t i = 0; i < layer.targets.size(); ++i) {
    const Use part{use.lora, use.layer, i};
    const LoraTarget& target = layer.targets[i];
    const StoredWeight stored = model.stored(target.weight);
    const WeightChanges before = changes_before(target.weight, &part, model, device);
    const auto change = addition(part, 1.0, device);
    for (std::int64_t begin = 0; begin < target.rows; begin += kPanelRows) {
      const std::int64_t count = std::min(kPanelRows, target.rows - begin);
      at::Tensor rows = dequantise(stored.rows(begin, count), at::kFloat).to(device, at::kFloat, false, /*copy=*/true);
      rows = rows.view({count, layer.columns});
      apply(before, rows, begin);
      change->apply(rows, begin);
      squares += rows.to(at::kDouble).square().sum(0);
    }
  }
  return squares.sqrt().to(at::kFloat).unsqueeze(0);
}

}  // namespace zimage::nn

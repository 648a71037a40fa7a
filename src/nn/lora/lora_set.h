// The LoRAs of a run, as changes of the weights that they belong to.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/lora/weight_change.h"
#include "weights/lora/lora_file.h"
#include "weights/weight_source.h"

namespace zimage::nn {

class LoraSet {
 public:
  /// Adds a LoRA whose layers fit the model; it applies after those that were added before. `scale` is the user's.
  void add(LoraFile lora, double scale);

  /// Reads what changes a weight, and returns it with its tensors on `device`; nothing if no LoRA changes it.
  /// `model` has the unchanged weights: some norms need them.
  /// Errors: kModel, naming file and tensor, for values that aren't finite.
  WeightChanges changes(const std::string& weight, const WeightSource& model, at::Device device) const;

 private:
  /// A target of a layer of a LoRA.
  struct Use {
    std::size_t lora = 0;
    std::size_t layer = 0;
    std::size_t target = 0;
    bool operator<(const Use& other) const { return std::pair(lora, layer) < std::pair(other.lora, other.layer); }
  };
  struct Scaled {
    LoraFile file;
    double scale = 1.0;
  };

  const LoraLayer& layer_of(const Use& use) const { return loras_[use.lora].file.layers[use.layer]; }
  const LoraTarget& target_of(const Use& use) const { return layer_of(use).targets[use.target]; }
  /// Returns the changes of a weight that apply before `end`; all of them if it is null.
  WeightChanges changes_before(const std::string& weight, const Use* end, const WeightSource& model,
                               at::Device device) const;
  /// Returns what the layer's product or difference adds, times `strength`.
  std::shared_ptr<const WeightChange> addition(const Use& use, double strength, at::Device device) const;
  /// Returns the norm of each column of the changed weight, over all rows that the layer changes: fp32 [1, columns].
  at::Tensor column_norm(const Use& use, const WeightSource& model, at::Device device) const;

  std::vector<Scaled> loras_;
  std::map<std::string, std::vector<Use>> uses_;  ///< by weight, in order
};

}  // namespace zimage::nn

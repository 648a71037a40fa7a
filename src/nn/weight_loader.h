// Turns a weight source into a model's weights, and reports everything that is wrong with it at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nn/linear.h"
#include "nn/lora/lora_set.h"
#include "nn/placement.h"
#include "nn/table.h"
#include "nn/workspace.h"
#include "weights/weight_source.h"

namespace zimage::nn {

/// The problems of a source from the model's point of view.
struct WeightProblems {
  std::vector<std::string> missing;
  std::vector<std::string> unreadable;  ///< "name is stored as I64, which is not supported"
  std::vector<std::string> mis_shaped;  ///< "name is [2, 3], should be [3, 2]"
  std::vector<std::string> unexpected;
  std::vector<std::string> not_finite;
  bool empty() const {
    return missing.empty() && unreadable.empty() && mis_shaped.empty() && unexpected.empty() && not_finite.empty();
  }
  /// Returns one line with at most `limit` names of each kind.
  std::string summary(std::size_t limit) const;
};

class WeightLoader {
 public:
  /// kCheck compares names and shapes and touches no weight: the tensors that it returns are on the meta device.
  enum class Mode { kCheck, kLoad };

  WeightLoader(const WeightSource& source, Placement placement, Mode mode);

  /// Sets a function to call before each weight is read from now on; it throws to give up.
  void check_before_each(std::function<void()> check) { check_ = std::move(check); }

  /// Sets the LoRAs that change what tensor(), linear() and row_linear() load from now on; they must outlive the
  /// loader.
  void change_by(const LoraSet& loras) { loras_ = &loras; }

  /// Returns the weight in the placement's dtype and on its device; if both already fit, it is a view of the source.
  /// If something is wrong, that is recorded, and a meta tensor of the wanted shape is returned.
  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Loads `prefix.weight` [out, in] and, with `bias`, `prefix.bias` [out].
  Linear linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Like linear(), for a layer that multiplies a single row: its weight is never packed.
  Linear row_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Returns the weight as it is in the file, on the CPU: for tables of which only a few rows are read.
  Table table(const std::string& name, std::int64_t rows, std::int64_t columns);
  /// Declares that weights with this prefix are known but not needed.
  void ignore_prefix(const std::string& prefix);

  const WeightSource& source() const { return source_; }
  const Placement& placement() const { return placement_; }
  std::int64_t parameters() const { return parameters_; }

  /// Returns everything wrong so far, including weights that nobody asked for.
  WeightProblems problems() const;

 private:
  const WeightInfo* expect(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Returns the stored weight, checked; empty if something is wrong, or if nothing is to be loaded.
  std::optional<StoredWeight> read(const std::string& name, const std::vector<std::int64_t>& shape);
  Linear make_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias, bool one_row);
  WeightChanges changes_of(const std::string& name) const;
  at::Tensor placeholder(const std::vector<std::int64_t>& shape) const;

  const WeightSource& source_;
  Placement placement_;
  Mode mode_;
  std::shared_ptr<Workspace> workspace_ = std::make_shared<Workspace>();  ///< of the quantised layers it makes
  std::function<void()> check_;                                           ///< may be empty
  const LoraSet* loras_ = nullptr;                                        ///< null: none
  std::set<std::string> asked_;
  std::vector<std::string> ignored_;
  WeightProblems problems_;
  std::int64_t parameters_ = 0;
};

}  // namespace zimage::nn

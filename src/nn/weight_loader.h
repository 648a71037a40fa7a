// Turns a weight source into a model's weights, and reports everything that is wrong with it at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/finite.h"
#include "nn/linear.h"
#include "nn/linear_group.h"
#include "nn/linear_policy.h"
#include "nn/lora/lora_set.h"
#include "nn/placement.h"
#include "nn/table.h"
#include "nn/uploader.h"
#include "nn/weights_ahead.h"
#include "nn/workspace.h"
#include "weights/weight_source.h"

namespace zimage::nn {

/// The name and the shape of every weight that a model asks for.
using AskedWeights = std::map<std::string, std::vector<std::int64_t>>;

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

  /// Sets a function to call before each weight is read from now on, and now and then while that takes long; it throws
  /// to give up.
  void check_before_each(std::function<void()> check) { check_ = std::move(check); }

  /// Reads the weights ahead that `load` asks for, in its order: it is called with a loader that only checks, and must
  /// be the function that is to load with this one. Without a plan each weight is read when it is touched.
  template <class Load>
  void plan_by(Load load) {
    WeightLoader plan(source_, placement_, Mode::kCheck);
    load(plan);
    read_ahead(plan.order_);
  }
  /// Sets a function to call with the bytes that are loaded and those of the plan: at first, and after each weight.
  void report_to(std::function<void(std::uint64_t bytes, std::uint64_t total)> report) { report_ = std::move(report); }
  /// Checks weights where they were moved to, whatever the device; otherwise only those on the CPU are checked before
  /// they are moved.
  void check_after_moving() { check_after_moving_ = true; }
  /// Moves weights through this device, whatever the placement's is, and checks them there; tests record what it is
  /// told.
  void move_by(std::unique_ptr<UploadDevice> device) {
    uploader_ = std::make_unique<Uploader>(std::move(device));
    check_after_moving_ = true;
  }

  /// Sets the LoRAs that change what tensor() and the linear layers load from now on; they must outlive the
  /// loader.
  void change_by(const LoraSet& loras) { loras_ = &loras; }

  /// Holds what is loaded from now on as the placement says.
  void place(const Placement& placement) { placement_ = placement; }

  /// Returns the weight in the placement's dtype and on its device; if both already fit, it is a view of the source.
  /// If something is wrong, that is recorded, and a meta tensor of the wanted shape is returned.
  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Loads `prefix.weight` [out, in] and, with `bias`, `prefix.bias` [out].
  Linear linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Like linear(), for the many layers of a model's blocks: where the placement says so, they are multiplied in int8.
  Linear bulk_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Loads such layers without biases that multiply one input; `widths` are those of their results. In card mode they
  /// are held as one matrix if all of them are dense, with the changes of LoRAs merged into each.
  LinearGroup bulk_linear_group(const std::vector<std::string>& prefixes, std::int64_t in,
                                const std::vector<std::int64_t>& widths);
  /// Like linear(), for a layer that multiplies a single row: its weight is never packed.
  Linear row_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Returns the weight as it is in the file, on the CPU: for tables of which only a few rows are read.
  Table table(const std::string& name, std::int64_t rows, std::int64_t columns);
  /// Declares that weights with this prefix are known but not needed.
  void ignore_prefix(const std::string& prefix);

  const WeightSource& source() const { return source_; }
  const Placement& placement() const { return placement_; }
  Mode mode() const { return mode_; }
  std::int64_t parameters() const { return parameters_; }
  /// Returns the name and the shape of every weight that was asked for so far.
  const AskedWeights& asked() const { return asked_; }

  /// Returns everything wrong so far, including weights that nobody asked for.
  WeightProblems problems() const;

 private:
  const WeightInfo* expect(const std::string& name, const std::vector<std::int64_t>& shape);
  void read_ahead(const std::vector<std::string>& names);
  void report() const;
  /// Returns the stored weight, in memory; empty if something is wrong, or if nothing is to be loaded.
  std::optional<StoredWeight> read(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Checks the weight, in the pass that copies it, if the placement asks for a copy: a weight that came back changed
  /// has the placement's dtype, and memory of its own.
  void check(const std::string& name, StoredWeight& stored, const WeightChanges& changes, WeightUse use);
  void check_now(const std::string& name, const StoredWeight& stored);
  /// Brings the weight, scales included, to the placement's device.
  void move(StoredWeight& stored);
  /// Says that a weight was used; `kept`: what was made of it refers to its stored bytes.
  void used(const std::string& name, bool kept);
  Linear make_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias, WeightUse use);
  WeightChanges changes_of(const std::string& name) const;
  /// Returns the placement of what isn't packed. With packing, check() has copied such a weight already.
  Placement unpacked() const;
  at::Tensor placeholder(const std::vector<std::int64_t>& shape) const;

  const WeightSource& source_;
  Placement placement_;
  Mode mode_;
  std::shared_ptr<Workspace> workspace_ = std::make_shared<Workspace>();  ///< of the quantised layers it makes
  std::function<void()> check_;                                           ///< may be empty
  std::function<void(std::uint64_t, std::uint64_t)> report_;              ///< may be empty
  const LoraSet* loras_ = nullptr;                                        ///< null: none
  AskedWeights asked_;
  std::vector<std::string> order_;       ///< the weights that were asked for and are there, in order
  std::unique_ptr<WeightsAhead> ahead_;  ///< null: there is no plan
  std::unique_ptr<Uploader> uploader_;   ///< null: nothing has been moved to a device yet
  bool check_after_moving_ = false;
  FiniteFlag flag_;                   ///< of the weights that are checked after moving
  std::vector<std::string> flagged_;  ///< their names
  std::vector<std::string> ignored_;
  WeightProblems problems_;
  std::int64_t parameters_ = 0;
};

}  // namespace zimage::nn

// Turns a weight source into a model's weights, and reports everything that is wrong with it at once.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nn/linear.h"
#include "weights/weight_source.h"

namespace zimage::nn {

/// The device, dtype and layout that weights are held in.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  /// Copy linear weights into oneDNN's layout (CPU, fp32). Then only table() still refers to the source's bytes.
  bool packed = false;
};

/// The problems of a source from the model's point of view.
struct WeightProblems {
  std::vector<std::string> missing;
  std::vector<std::string> mis_shaped;  ///< "name is [2, 3], should be [3, 2]"
  std::vector<std::string> unexpected;
  std::vector<std::string> not_finite;
  bool empty() const { return missing.empty() && mis_shaped.empty() && unexpected.empty() && not_finite.empty(); }
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

  /// Returns the weight in the placement's dtype and on its device; if both already fit, it is a view of the source.
  /// If something is wrong, that is recorded, and a meta tensor of the wanted shape is returned.
  at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Loads `prefix.weight` [out, in] and, with `bias`, `prefix.bias` [out].
  Linear linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Like linear(), for a layer that multiplies a single row: its weight is never packed.
  Linear row_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias);
  /// Returns the weight as it is in the file, on the CPU: for tables of which only a few rows are read.
  at::Tensor table(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Declares that weights with this prefix are known but not needed.
  void ignore_prefix(const std::string& prefix);

  const WeightSource& source() const { return source_; }
  const Placement& placement() const { return placement_; }
  std::int64_t parameters() const { return parameters_; }

  /// Returns everything wrong so far, including weights that nobody asked for.
  WeightProblems problems() const;

 private:
  const WeightInfo* expect(const std::string& name, const std::vector<std::int64_t>& shape);
  at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape, bool keep_view);
  Linear make_linear(const std::string& prefix, std::int64_t in, std::int64_t out, bool bias, bool pack);

  const WeightSource& source_;
  Placement placement_;
  Mode mode_;
  std::function<void()> check_;  ///< may be empty
  std::set<std::string> asked_;
  std::vector<std::string> ignored_;
  WeightProblems problems_;
  std::int64_t parameters_ = 0;
};

/// Returns whether every value of a CPU tensor of dtype F32, F16 or BF16 is finite. Reads each byte once.
bool all_finite(const at::Tensor& tensor);

}  // namespace zimage::nn

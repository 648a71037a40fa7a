// Makes the layers of a LoRA from its tensors' names and shapes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weights/lora/adapter_config.h"
#include "weights/lora/lora_layer.h"
#include "weights/weight_source.h"

namespace zimage {

/// What a file has for a module.
struct LoraGroup {
  std::string name;                  ///< the module as the file spells it
  std::vector<std::string> modules;  ///< the model's modules that it stands for
  std::map<LoraRole, std::string> keys{};
};

class LayerBuilder {
 public:
  /// All arguments must outlive it. `alphas` are the file's, by key.
  LayerBuilder(const WeightSource& file, const WeightSource& model, const std::map<std::string, double>& alphas,
               const AdapterConfig& config, LoraProblems& problems)
      : file_(file), model_(model), alphas_(alphas), config_(config), problems_(problems) {}

  /// Appends the group's layers that fit. What doesn't becomes a problem.
  void build(const LoraGroup& group, std::vector<LoraLayer>& layers);

  /// Returns the width of the token stream of the model that the layers were made for; 0: no layer has shown it.
  std::int64_t width() const { return width_; }

 private:
  struct Matrix {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
  };

  /// Sets targets, rows and columns. Returns false, and notes why, if the model has no such weights.
  bool set_targets(const LoraGroup& group, const char* ending, LoraRole role, LoraLayer& layer);
  bool check_low_rank(LoraLayer& layer);
  bool check_hadamard(LoraLayer& layer);
  bool check_kronecker(LoraLayer& layer);
  bool check_difference(const LoraLayer& layer, LoraRole role);
  bool check_magnitude(LoraLayer& layer);
  bool set_scale(const LoraGroup& group, LoraLayer& layer);

  /// Returns a tensor's shape without trailing sides of 1; empty, and notes why, if it is no matrix.
  Matrix matrix(const LoraLayer& layer, LoraRole role);
  /// Returns the product of two tensors, the first of which is transposed if there is a core between them.
  Matrix product(const LoraLayer& layer, LoraRole left, std::optional<LoraRole> core, LoraRole right,
                 std::int64_t& rank);
  bool expect(const LoraLayer& layer, LoraRole role, Matrix is, Matrix wanted);
  bool complete(const LoraLayer& layer, std::initializer_list<LoraRole> roles);
  void note_width(const LoraLayer& layer, std::int64_t columns);

  const WeightSource& file_;
  const WeightSource& model_;
  const std::map<std::string, double>& alphas_;
  const AdapterConfig& config_;
  LoraProblems& problems_;
  std::int64_t width_ = 0;
};

}  // namespace zimage

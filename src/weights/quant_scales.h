// Finds and checks the scales that lie beside a quantised weight.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "weights/tensor_file.h"

namespace zimage {

/// Reads one layer's scales into its entry. What it returns is the problem, as the end of a sentence that starts with
/// the weight's name, or "".
class ScaleReader {
 public:
  /// All three must outlive it. `layer` is the weight's name without ".weight".
  ScaleReader(const RawFile& file, const std::string& layer, const RawTensor& weight)
      : file_(file), layer_(layer), weight_(weight) {}

  /// Returns whether a scale lies beside the weight that only a scaled fp8 weight has.
  bool has_scale_of_fp8() const;

  /// Returns the problem of an fp8 weight that has a scale and no marker. `others_have`: other weights have markers.
  std::string lacks_marker(bool others_have) const;

  /// `old_names`: the scale should be called `scale_weight`, and not `weight_scale`. Both are read anyway.
  std::string read_fp8(bool old_names, TensorEntry& entry);
  /// `rotation` is the group size of convrot, or 0.
  std::string read_int8(std::int64_t rotation, TensorEntry& entry);
  /// Reads the scales of `entry.info.encoding`, nvfp4 or mxfp8, and corrects the shape. `group_size` is the marker's.
  std::string read_blocks(std::int64_t group_size, TensorEntry& entry);

  /// Marks a tensor as belonging to this weight, if there is such a tensor.
  void use(std::string_view suffix) { find(suffix); }
  /// Returns the names of the tensors that belong to this weight.
  const std::set<std::string>& used() const { return used_; }

 private:
  const RawTensor* find(std::string_view suffix);
  std::string name_of(std::string_view suffix) const;
  /// Reads a factor of the whole tensor or, if `rows` is not 0, one of each row.
  std::string read_factor(std::string_view suffix, std::int64_t rows, at::Tensor& out);
  std::string read_column_scale(std::int64_t columns, TensorEntry& entry);
  std::string not_finite(std::string_view suffix, const at::Tensor& scale) const;
  std::string wrong_shape(std::string_view suffix, const RawTensor& scale, const std::string& should_be) const;

  const RawFile& file_;
  const std::string& layer_;
  const RawTensor& weight_;
  std::set<std::string> used_;
};

}  // namespace zimage

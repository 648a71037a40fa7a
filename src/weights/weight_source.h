// The source of a model's weights. Models ask by diffusers name and know no file format.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zimage {

/// What is known about a weight before its bytes are touched.
struct WeightInfo {
  std::vector<std::int64_t> shape;
  at::ScalarType dtype = at::kFloat;
  std::string file;  ///< the file that holds it, for messages
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// Returns every weight's name, sorted.
  virtual std::vector<std::string> names() const = 0;
  /// Returns what is known about a weight, or null if there is no such weight. The pointer lives as long as the source.
  virtual const WeightInfo* find(const std::string& name) const = 0;
  /// Returns the weight as it is in the file: on the CPU, read-only (a view of mapped bytes, which it keeps mapped).
  /// Errors: kModel if there is no such weight.
  virtual at::Tensor tensor(const std::string& name) const = 0;
  /// Reports that the weight's bytes aren't needed for now: a mapped file's pages may leave memory.
  virtual void release(const std::string& name) const = 0;
  /// Returns what messages call the source: the file, or the index of a sharded one.
  virtual std::string description() const = 0;
  /// Returns the files behind the source, for hashes and reports.
  virtual std::vector<std::filesystem::path> files() const = 0;
};

}  // namespace zimage

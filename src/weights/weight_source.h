// Where a model's weights come from. Models ask by diffusers name and know no file format.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zimage {

/// What is known of a weight before its bytes are touched.
struct WeightInfo {
  std::vector<std::int64_t> shape;
  at::ScalarType dtype = at::kFloat;
  std::string file;  ///< the file it is in, for messages
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  /// Every name in it, sorted.
  virtual std::vector<std::string> names() const = 0;
  /// Null if there is no such weight. The pointer lives as long as the source.
  virtual const WeightInfo* find(const std::string& name) const = 0;
  /// The weight as it is in the file: on the CPU, read-only (a view of mapped bytes that keeps the mapping alive).
  /// Errors: kModel if there is no such weight.
  virtual at::Tensor tensor(const std::string& name) const = 0;
  /// Says that the weight's bytes are not needed for now: a mapped file's pages may leave memory.
  virtual void release(const std::string& name) const = 0;
  /// What to call the source in messages: the file, or the index of a sharded one.
  virtual std::string description() const = 0;
  /// The files behind it, for hashes and reports.
  virtual std::vector<std::filesystem::path> files() const = 0;
};

}  // namespace zimage

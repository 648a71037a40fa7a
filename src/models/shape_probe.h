// Reads sizes off the shapes of tensors.
#pragma once

#include <cstdint>
#include <string>

#include "weights/weight_source.h"

namespace zimage {

class ShapeProbe {
 public:
  explicit ShapeProbe(const WeightSource& weights) : weights_(weights) {}

  /// Returns the size of one dimension of a tensor; 0 if there is no such tensor or dimension.
  std::int64_t size(const std::string& name, std::size_t dimension) const;
  /// Returns how many layers "prefix0.", "prefix1.", … there are: one more than the largest number.
  std::int64_t count(const std::string& prefix) const;

 private:
  const WeightSource& weights_;
};

}  // namespace zimage

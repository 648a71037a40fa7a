// A table of which only a few rows are read: a text encoder's token embeddings.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "weights/stored_weight.h"

namespace zimage::nn {

class Table {
 public:
  Table() = default;
  /// `weight` is [rows, columns], on the CPU; it stays as it is stored.
  explicit Table(StoredWeight weight) : weight_(std::move(weight)) {}
  /// Returns the rows of these indices, which must be within the table, on the CPU: [indices, columns]. A dense table
  /// keeps its dtype; a quantised one gives fp32.
  at::Tensor rows(const std::vector<std::int64_t>& indices) const;

 private:
  StoredWeight weight_;
};

}  // namespace zimage::nn

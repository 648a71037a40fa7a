#include "nn/table.h"

#include <ATen/ATen.h>

#include "nn/quantised/dequantise.h"

namespace zimage::nn {

at::Tensor Table::rows(const std::vector<std::int64_t>& indices) const {
  if (is_dense(weight_.encoding)) return weight_.data.index_select(0, at::tensor(indices, at::kLong));
  const auto count = static_cast<std::int64_t>(indices.size());
  at::Tensor out = at::empty({count, weight_.columns()}, at::kFloat);
  for (std::int64_t i = 0; i < count; ++i) {
    at::Tensor row = out.narrow(0, i, 1);
    dequantise_rows(weight_, indices[static_cast<std::size_t>(i)], 1, row);
  }
  return out;
}

}  // namespace zimage::nn

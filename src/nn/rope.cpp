#include "nn/rope.h"

#include <ATen/ATen.h>

#include <cmath>

namespace zimage::nn {

at::Tensor rope_table(const RopeAxes& axes, const at::Tensor& positions) {
  std::vector<at::Tensor> angles;
  for (std::size_t axis = 0; axis < axes.dims.size(); ++axis) {
    const std::int64_t dim = axes.dims[axis];
    const at::Tensor exponent = at::arange(0, dim, 2, at::kDouble) / static_cast<double>(dim);
    const at::Tensor frequency = at::pow(axes.theta, exponent).reciprocal();
    const at::Tensor coordinate = positions.select(1, static_cast<std::int64_t>(axis)).to(at::kDouble);
    angles.push_back(at::outer(coordinate, frequency).to(at::kFloat));
  }
  const at::Tensor angle = at::cat(angles, 1);
  return at::stack({angle.cos(), angle.sin()}, -1).contiguous();
}

at::Tensor grid_positions(std::int64_t start, std::int64_t rows, std::int64_t cols) {
  const at::Tensor row = at::arange(rows, at::kLong).unsqueeze(1).expand({rows, cols});
  const at::Tensor col = at::arange(cols, at::kLong).unsqueeze(0).expand({rows, cols});
  return at::stack({at::full({rows, cols}, start, at::kLong), row, col}, -1).reshape({rows * cols, 3});
}

}  // namespace zimage::nn

// Rotary position tables.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace zimage::nn {

/// Z-Image's rotary embedding over several axes: the head dimension is split into axes, each turned by its coordinate.
struct RopeAxes {
  double theta = 256.0;
  std::vector<std::int64_t> dims;     ///< even, their sum is the head dimension
  std::vector<std::int64_t> lengths;  ///< exclusive limit of each coordinate
};

/// (cos, sin) of coordinate · theta^(−2i/dim) for every position, the angle rounded to fp32 as the reference does.
/// `positions` [L, axes] int64 on the CPU → [L, head_dim/2, 2] fp32 on the CPU.
at::Tensor rope_table(const RopeAxes& axes, const at::Tensor& positions);

/// Positions of a grid (start, row, col), rows outermost: [rows·cols, 3] int64.
at::Tensor grid_positions(std::int64_t start, std::int64_t rows, std::int64_t cols);

}  // namespace zimage::nn

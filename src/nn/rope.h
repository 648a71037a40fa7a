// Rotary position tables.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace zimage::nn {

/// Z-Image's rotary embedding: the head dimension is split into several axes, and each is rotated by its coordinate.
struct RopeAxes {
  double theta = 256.0;
  std::vector<std::int64_t> dims;     ///< part of the head dimension for each axis; even, and they sum to it
  std::vector<std::int64_t> lengths;  ///< exclusive limit of each coordinate
};

/// Returns (cos, sin) of coordinate · theta^(−2i/dim) for every position; angles are rounded to fp32 as in the
/// reference. `positions` [L, axes] int64 on the CPU → [L, head_dim/2, 2] fp32 on the CPU.
at::Tensor rope_table(const RopeAxes& axes, const at::Tensor& positions);

/// Returns the positions (start, row, col) of a grid, row by row: [rows·cols, 3] int64.
at::Tensor grid_positions(std::int64_t start, std::int64_t rows, std::int64_t cols);

}  // namespace zimage::nn

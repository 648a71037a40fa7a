// Fits a smooth sheet through scattered, weighted values.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace zimage {

/// A grid of nodes, row-major. Each has three values and the weight that they are known with; weight 0 is unknown.
struct Membrane {
  int width = 0;
  int height = 0;
  std::vector<float> weight;
  std::array<std::vector<float>, 3> sum;  ///< weight times value

  Membrane(int width_, int height_);
  std::size_t size() const { return weight.size(); }
};

/// Returns the u that minimises Σ weight·(u − value)² + Σ over neighbours (u_i − u_j)²: it follows the values where
/// they are known and bridges the gaps smoothly. Works down a pyramid from its coarsest level, with a fixed number of
/// Gauss-Seidel sweeps per level, so that the same input gives the same bytes. All zeros if nothing is known.
std::array<std::vector<float>, 3> solve_membrane(const Membrane& membrane);

}  // namespace zimage

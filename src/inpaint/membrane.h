// A smooth sheet through scattered, weighted values.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace zimage {

/// Three values a node, each known with a weight; a weight of 0 knows nothing. Row-major.
struct Membrane {
  int width = 0;
  int height = 0;
  std::vector<float> weight;
  std::array<std::vector<float>, 3> sum;  ///< weight times value

  Membrane(int width_, int height_);
  std::size_t size() const { return weight.size(); }
};

/// The u that minimises Σ weight·(u − value)² + Σ over neighbours (u_i − u_j)²: it follows the values where they are
/// known and bridges smoothly what lies between. From the coarsest of a pyramid down, a fixed number of Gauss-Seidel
/// sweeps a level, so that the same input gives the same bytes. All zeros if nothing is known.
std::array<std::vector<float>, 3> solve_membrane(const Membrane& membrane);

}  // namespace zimage

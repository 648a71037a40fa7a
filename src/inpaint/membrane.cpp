#include "inpaint/membrane.h"

#include <algorithm>

namespace zimage {
namespace {

constexpr int kSweeps = 24;
using Plane = std::vector<float>;

std::size_t at(int width, int x, int y) {
  return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
}

/// Merges 2×2 nodes into one. Weights and sums add up; in two dimensions the neighbours' term keeps its factor.
Membrane coarser(const Membrane& fine) {
  Membrane coarse((fine.width + 1) / 2, (fine.height + 1) / 2);
  for (int y = 0; y < fine.height; ++y) {
    for (int x = 0; x < fine.width; ++x) {
      const std::size_t from = at(fine.width, x, y);
      const std::size_t to = at(coarse.width, x / 2, y / 2);
      coarse.weight[to] += fine.weight[from];
      for (std::size_t c = 0; c < 3; ++c) coarse.sum[c][to] += fine.sum[c][from];
    }
  }
  return coarse;
}

/// Interpolates bilinearly between node centres: fine node x lies a quarter of a coarse node from coarse node x / 2.
Plane finer(const Plane& coarse, int coarse_width, int coarse_height, int width, int height) {
  Plane fine(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y) {
    const int y0 = y / 2;
    const int y1 = std::clamp(y0 + (y % 2 == 0 ? -1 : 1), 0, coarse_height - 1);
    for (int x = 0; x < width; ++x) {
      const int x0 = x / 2;
      const int x1 = std::clamp(x0 + (x % 2 == 0 ? -1 : 1), 0, coarse_width - 1);
      const float near = 0.75F * coarse[at(coarse_width, x0, y0)] + 0.25F * coarse[at(coarse_width, x1, y0)];
      const float far = 0.75F * coarse[at(coarse_width, x0, y1)] + 0.25F * coarse[at(coarse_width, x1, y1)];
      fine[at(width, x, y)] = 0.75F * near + 0.25F * far;
    }
  }
  return fine;
}

/// Does one red-black Gauss-Seidel sweep: the nodes of one colour of the chessboard, then those of the other.
void sweep(const Membrane& m, const Plane& sum, Plane& u) {
  for (int colour = 0; colour < 2; ++colour) {
    for (int y = 0; y < m.height; ++y) {
      for (int x = (y + colour) % 2; x < m.width; x += 2) {
        const std::size_t i = at(m.width, x, y);
        float total = sum[i];
        float weight = m.weight[i];
        const auto add = [&](bool there, std::size_t j) {
          if (!there) return;
          total += u[j];
          weight += 1.0F;
        };
        const auto width = static_cast<std::size_t>(m.width);
        add(x > 0, i - 1);
        add(x + 1 < m.width, i + 1);
        add(y > 0, i - width);
        add(y + 1 < m.height, i + width);
        if (weight > 0.0F) u[i] = total / weight;
      }
    }
  }
}

}  // namespace

Membrane::Membrane(int width_, int height_)
    : width(width_), height(height_), weight(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {
  for (auto& plane : sum) plane.resize(weight.size());
}

std::array<std::vector<float>, 3> solve_membrane(const Membrane& membrane) {
  std::array<Plane, 3> u;
  if (membrane.width <= 1 && membrane.height <= 1) {
    for (std::size_t c = 0; c < 3; ++c) {
      const float weight = membrane.weight.empty() ? 0.0F : membrane.weight[0];
      u[c].assign(membrane.size(), weight > 0.0F ? membrane.sum[c][0] / weight : 0.0F);
    }
    return u;
  }
  const Membrane coarse = coarser(membrane);
  const auto below = solve_membrane(coarse);
  for (std::size_t c = 0; c < 3; ++c) {
    u[c] = finer(below[c], coarse.width, coarse.height, membrane.width, membrane.height);
    for (int i = 0; i < kSweeps; ++i) sweep(membrane, membrane.sum[c], u[c]);
  }
  return u;
}

}  // namespace zimage

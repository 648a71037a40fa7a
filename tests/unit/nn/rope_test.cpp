#include "nn/rope.h"

#include <ATen/ATen.h>

#include <cmath>

#include "support/catch.h"

namespace zimage::nn {
namespace {

TEST_CASE("grid positions run along rows first") {
  const at::Tensor positions = grid_positions(33, 2, 3);
  CHECK(at::equal(positions[0], at::tensor({33, 0, 0}, at::kLong)));
  CHECK(at::equal(positions[2], at::tensor({33, 0, 2}, at::kLong)));
  CHECK(at::equal(positions[3], at::tensor({33, 1, 0}, at::kLong)));
}

TEST_CASE("each axis rotates its share of the head by its coordinate") {
  const RopeAxes axes{256.0, {4, 2, 2}, {100, 100, 100}};
  const at::Tensor table = rope_table(axes, at::tensor({5, 7, 9}, at::kLong).unsqueeze(0));
  REQUIRE(table.sizes() == at::IntArrayRef({1, 4, 2}));
  const double angles[] = {5.0, 5.0 / 16.0, 7.0, 9.0};
  for (int i = 0; i < 4; ++i) {
    CHECK(table[0][i][0].item<double>() == Approx(std::cos(angles[i])).margin(1e-6));
    CHECK(table[0][i][1].item<double>() == Approx(std::sin(angles[i])).margin(1e-6));
  }
}

}  // namespace
}  // namespace zimage::nn

#include "inpaint/color_match.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "inpaint/membrane.h"
#include "support/catch.h"

namespace zimage {
namespace {

constexpr double kLevel = 1.0 / 255.0;

at::Tensor noise(int height, int width, double spread) {
  return at::randn({1, 3, height, width}, at::detail::createCPUGenerator(11), at::TensorOptions(at::kFloat)) * spread;
}

/// Returns a ramp with some grain, away from 0 and 1.
at::Tensor picture(int height, int width) {
  const at::Tensor x = at::linspace(0.35, 0.6, width).reshape({1, 1, 1, width});
  const at::Tensor y = at::linspace(0.0, 0.1, height).reshape({1, 1, height, 1});
  return (x + y).expand({1, 3, height, width}) + noise(height, width, 0.01);
}

at::Tensor hole(int height, int width, int left, int top, int side) {
  at::Tensor mask = at::zeros({1, 1, height, width});
  mask.slice(2, top, top + side).slice(3, left, left + side).fill_(1.0);
  return mask;
}

double largest(const at::Tensor& difference, const at::Tensor& where) {
  return (difference.abs() * where).max().item<double>();
}

TEST_CASE("if the ring agrees, not a bit changes, whatever is in the hole") {
  const at::Tensor original = picture(70, 90);
  const at::Tensor mask = hole(70, 90, 30, 20, 25);
  const at::Tensor decoded = at::where(mask > 0, noise(70, 90, 0.2).add(0.5).clamp(0, 1), original);
  CHECK(at::equal(match_color(decoded, original, mask), decoded));
}

TEST_CASE("a hole without a ring stays as it is") {
  const at::Tensor original = picture(32, 48);
  const at::Tensor decoded = original + 0.02;
  CHECK(at::equal(match_color(decoded, original, at::ones({1, 1, 32, 48})), decoded));
}

TEST_CASE("a shift of colour is removed from the hole") {
  const at::Tensor original = picture(96, 96);
  const at::Tensor mask = hole(96, 96, 24, 32, 40);
  const double levels = GENERATE(-6.0, 2.0, 8.0);
  at::Tensor shift = at::zeros({1, 3, 1, 1});
  shift[0][0] = levels * kLevel;
  shift[0][2] = -0.5 * levels * kLevel;
  const at::Tensor left = match_color(original + shift, original, mask) - original;
  CHECK(largest(left, mask) < 0.06 * std::abs(levels) * kLevel);
}

TEST_CASE("a shift that drifts from one side to the other is followed") {
  const at::Tensor original = picture(96, 96);
  const at::Tensor mask = hole(96, 96, 28, 28, 40);
  const at::Tensor shift = at::linspace(-6 * kLevel, 6 * kLevel, 96).reshape({1, 1, 1, 96});
  const at::Tensor left = match_color(original + shift, original, mask) - original;
  CHECK(largest(left, mask) < 1.0 * kLevel);
  CHECK(largest(shift.expand_as(original), mask) > 2.0 * kLevel);
}

TEST_CASE("different content in the ring is not taken for a shift") {
  const at::Tensor original = picture(96, 96);
  const at::Tensor mask = hole(96, 96, 28, 28, 40);
  const at::Tensor all_other = match_color(original * 0.0 + 0.9, original, mask);
  CHECK(largest(all_other - 0.9, mask) < 8 * kLevel);
  // An object covers a quarter of the border, on top of a shift of 4 levels.
  at::Tensor decoded = original + 4 * kLevel;
  decoded.slice(2, 0, 48).slice(3, 0, 48).fill_(1.0);
  const at::Tensor far_corner = hole(96, 96, 56, 56, 12);
  const at::Tensor left = match_color(decoded, original, mask) - original;
  CHECK(largest(left, far_corner) < 1.0 * kLevel);
  CHECK(largest(match_color(decoded, original, mask) - decoded, mask) <= 16 * kLevel);
}

TEST_CASE("a membrane through one value is flat, and through two it slopes between them") {
  Membrane one(13, 7);
  one.weight[20] = 2.0F;
  one.sum[1][20] = 3.0F;
  const auto flat = solve_membrane(one);
  for (const float value : flat[1]) CHECK(value == Approx(1.5F).epsilon(1e-4));
  for (const float value : flat[0]) CHECK(value == 0.0F);
  Membrane two(33, 1);
  two.weight[0] = two.weight[32] = 1000.0F;
  two.sum[0][32] = 1000.0F;
  const auto slope = solve_membrane(two)[0];
  for (std::size_t i = 0; i <= 32; ++i) CHECK(slope[i] == Approx(static_cast<float>(i) / 32).margin(0.06));
}

TEST_CASE("a membrane without values is flat at zero, down to one node") {
  for (const int side : {1, 2, 9}) {
    const auto flat = solve_membrane(Membrane(side, side));
    for (const float value : flat[2]) CHECK(value == 0.0F);
  }
}

}  // namespace
}  // namespace zimage

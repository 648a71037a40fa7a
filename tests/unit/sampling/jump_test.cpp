#include <ATen/ATen.h>

#include <algorithm>

#include "sampling/noise.h"
#include "sampling/schedule.h"
#include "support/catch.h"

namespace zimage {
namespace {

/// Returns levels whose values say how many steps are left after them.
std::vector<double> levels(int steps) {
  std::vector<double> sigmas;
  for (int left = steps; left >= 0; --left) sigmas.push_back(left / static_cast<double>(steps));
  return sigmas;
}

std::vector<int> left(const std::vector<double>& visits, int steps) {
  std::vector<int> out;
  for (const double sigma : visits) out.push_back(static_cast<int>(sigma * steps + 0.5));
  return out;
}

TEST_CASE("jumps come at the same places as in the paper's schedule") {
  CHECK(left(with_jumps(levels(8), 2, 2), 8) == std::vector<int>{8, 7, 6, 5, 4, 6, 5, 4, 3, 2, 4, 3, 2, 1, 0, 2, 1, 0});
  CHECK(left(with_jumps(levels(4), 1, 3), 4) == std::vector<int>{4, 3, 2, 3, 2, 3, 2, 1, 2, 1, 2, 1, 0, 1, 0, 1, 0});
  CHECK(left(with_jumps(levels(5), 3, 2), 5) == std::vector<int>{5, 4, 3, 2, 1, 0, 3, 2, 1, 0});
}

TEST_CASE("jumps that are off or too long change nothing") {
  const auto sigmas = make_sigmas(8, 3.0);
  CHECK(with_jumps(sigmas, 0, 5) == sigmas);
  CHECK(with_jumps(sigmas, 3, 1) == sigmas);
  CHECK(with_jumps(sigmas, 8, 4) == sigmas);
  CHECK(with_jumps(make_sigmas(1, 3.0), 1, 9) == make_sigmas(1, 3.0));
}

TEST_CASE("the levels between jumps descend, and the steps add up") {
  for (const int length : {1, 2, 3, 5}) {
    for (const int count : {1, 2, 4}) {
      const auto visits = with_jumps(make_sigmas(8, 3.0), length, count);
      const auto runs = descents(visits);
      int steps = 0;
      for (const auto& run : runs) {
        CHECK(run.size() >= 2);
        CHECK(std::is_sorted(run.rbegin(), run.rend()));
        steps += static_cast<int>(run.size()) - 1;
      }
      CHECK(steps == count_steps(visits));
      CHECK(steps == 8 + (7 / length) * (count - 1) * length);
      CHECK(visits.back() == 0.0);
    }
  }
}

TEST_CASE("noise that is added again has the variance of its level") {
  NoiseSource source(3);
  const std::vector<std::int64_t> shape{1, 16, 64, 64};
  const at::Tensor first = source.draw(shape);
  CHECK(at::equal(first, NoiseSource(3).draw(shape)));
  const at::Tensor second = source.draw(shape);
  CHECK_FALSE(at::equal(first, second));
  const double sigma = GENERATE(0.0, 0.3, 0.75);
  const double back = GENERATE(0.8, 0.95, 1.0);
  const at::Tensor x = 0.7 * (1 - sigma) + first * sigma;
  const at::Tensor up = renoised(x, sigma, back, second);
  CHECK(up.mean().item<double>() == Approx(0.7 * (1 - back)).margin(0.02));
  CHECK(up.std().item<double>() == Approx(back).margin(0.01));
}

}  // namespace
}  // namespace zimage

#include "sampling/schedule.h"

#include <limits>

#include "support/catch.h"
#include "zimage/error.h"

namespace zimage {
namespace {

TEST_CASE("make_sigmas gives the default schedule") {
  const std::vector<double> expected{1, .954545, .9, .833333, .75, .642857, .5, .3, 0};
  const auto sigmas = make_sigmas(8, 3.0);
  REQUIRE(sigmas.size() == expected.size());
  for (std::size_t i = 0; i < sigmas.size(); ++i) CHECK(sigmas[i] == Approx(expected[i]).margin(1e-6));
  CHECK(make_sigmas(1, 3.0) == std::vector<double>{1.0, 0.0});
}

TEST_CASE("strength enters the schedule at its own noise level") {
  const auto sigmas = make_sigmas(8, 3.0);
  CHECK(sigmas_from_strength(sigmas, 1.0) == sigmas);
  CHECK(sigmas_from_strength(sigmas, 0.82).size() == 6);  // 0.82, 0.75, 0.642857, 0.5, 0.3, 0
  CHECK(sigmas_from_strength(sigmas, 0.8).size() == 5);   // 0.75 is left out: ln(0.8/0.75) < ln(0.75/0.642857) / 2
  CHECK(sigmas_from_strength(sigmas, 0.5) == std::vector<double>{0.5, sigmas[7], 0.0});
  CHECK(sigmas_from_strength(sigmas, 0.1) == std::vector<double>{0.1, 0.0});
}

TEST_CASE("a short step before a long one is left out, but not before the Euler step to 0") {
  const auto sigmas = make_sigmas(8, 3.0);
  const auto above = sigmas_from_strength(sigmas, sigmas[4] + 1e-6);
  CHECK(above == std::vector<double>{sigmas[4] + 1e-6, sigmas[5], sigmas[6], sigmas[7], 0.0});
  CHECK(sigmas_from_strength(sigmas, sigmas[4]) ==
        std::vector<double>{sigmas[4], sigmas[5], sigmas[6], sigmas[7], 0.0});
  CHECK(sigmas_from_strength(sigmas, sigmas[7] + 1e-6).size() == 3);
}

TEST_CASE("values that make no sense are a usage error") {
  CHECK_THROWS_AS(make_sigmas(0, 3.0), Error);
  CHECK_THROWS_AS(make_sigmas(8, 0.0), Error);
  CHECK_THROWS_AS(make_sigmas(8, std::numeric_limits<double>::quiet_NaN()), Error);
  CHECK_THROWS_AS(sigmas_from_strength(make_sigmas(8, 3.0), 0.0), Error);
  CHECK_THROWS_AS(sigmas_from_strength(make_sigmas(8, 3.0), 1.01), Error);
}

}  // namespace
}  // namespace zimage

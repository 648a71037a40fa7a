// Compares schedule, coefficients and trajectories with an independent implementation in Python.
#include <ATen/ATen.h>

#include <cmath>

#include "parity/reference.h"
#include "sampling/samplers.h"
#include "sampling/schedule.h"
#include "support/catch.h"

namespace zimage::test {
namespace {

TEST_CASE("schedules equal the reference", "[parity]") {
  const auto schedules = read_json(fixtures() / "sampling" / "schedules.json")["schedules"];
  REQUIRE(schedules.size() > 100);
  for (const auto& s : schedules) {
    const auto ours = sigmas_from_strength(make_sigmas(s["steps"], s["shift"]), s["strength"]);
    const auto reference = s["sigmas"].get<std::vector<double>>();
    CAPTURE(s.dump(), ours);
    REQUIRE(ours.size() == reference.size());
    for (std::size_t i = 0; i < ours.size(); ++i) CHECK(ours[i] == Approx(reference[i]).epsilon(1e-14).margin(1e-300));
  }
}

TEST_CASE("multistep coefficients equal the reference", "[parity]") {
  const auto list = read_json(fixtures() / "sampling" / "schedules.json")["res_multistep_coefficients"];
  REQUIRE(list.size() > 10);
  for (const auto& c : list) {
    CAPTURE(c.dump());
    const auto ours = res_coefficients(c["sigma_prev"], c["sigma"], c["sigma_next"]);
    CHECK(ours.decay == Approx(c["x"].get<double>()).epsilon(1e-9));
    CHECK(ours.current == Approx(c["d"].get<double>()).epsilon(1e-9));
    CHECK(ours.previous == Approx(c["d_prev"].get<double>()).epsilon(1e-9));
  }
}

TEST_CASE("trajectories follow the reference", "[parity]") {
  const auto trajectories = read_json(fixtures() / "sampling" / "schedules.json")["trajectories"];
  REQUIRE(trajectories.size() >= 4);
  Agreement agreement("trajectories");
  for (const auto& t : trajectories) {
    const auto shape = t["shape"].get<std::vector<std::int64_t>>();
    const auto tensor = [&](const nlohmann::json& values) {
      return at::tensor(values.get<std::vector<double>>(), at::kDouble).to(at::kFloat).reshape(shape);
    };
    const double a = t["a"];
    const double b = t["b"];
    std::size_t step = 0;
    SamplingProblem problem;
    problem.sigmas = t["sigmas"].get<std::vector<double>>();
    problem.x = tensor(t["x"]);
    problem.denoiser = [&](const at::Tensor& x, double sigma) {
      const at::Tensor d = x.tanh() * a + b * sigma;
      agreement.compare("denoised", d, tensor(t["denoised"].at(step++)));
      return d;
    };
    const bool euler = t["sampler"] == "euler";
    const at::Tensor x = euler ? sample_euler(problem) : sample_res_multistep(problem);
    CHECK(step + 1 == problem.sigmas.size());
    agreement.compare("final", x, tensor(t["final"]));
  }
  agreement.check(1e-6);
}

/// Data ~ N(0, s²) has the exact denoiser D = x·s²(1−σ)/((1−σ)²s² + σ²), and the probability-flow ODE carries x along
/// its standard deviation sqrt((1−σ)²s² + σ²).
double gaussian_error(at::Tensor (*sample)(const SamplingProblem&), int steps) {
  const double s2 = 0.25;
  const auto deviation = [&](double sigma) { return std::sqrt((1 - sigma) * (1 - sigma) * s2 + sigma * sigma); };
  SamplingProblem problem;
  // The steps are equal in λ between fixed ends, so that halving them shows the order.
  const double first = 0.9;
  const double last = 0.05;
  for (int i = 0; i <= steps; ++i) problem.sigmas.push_back(first * std::pow(last / first, double(i) / steps));
  problem.x = at::ones({1}, at::kDouble) * deviation(first);
  problem.denoiser = [&](const at::Tensor& x, double sigma) {
    return x * (s2 * (1 - sigma) / (deviation(sigma) * deviation(sigma)));
  };
  return std::abs(sample(problem).item<double>() - deviation(last));
}

TEST_CASE("the order of convergence on a Gaussian problem with a known solution", "[parity]") {
  const auto order = [](at::Tensor (*sample)(const SamplingProblem&)) {
    return std::log2(gaussian_error(sample, 128) / gaussian_error(sample, 256));
  };
  CHECK(order(sample_res_multistep) == Approx(2.0).margin(0.15));
  CHECK(order(sample_euler) == Approx(1.0).margin(0.15));
}

}  // namespace
}  // namespace zimage::test

#include "sampling/schedule.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "zimage/error.h"

namespace zimage {
namespace {

constexpr int kMaxSteps = 100000;

}  // namespace

std::vector<double> make_sigmas(int steps, double shift) {
  if (steps < 1) throw Error(ErrorCode::kUsage, "steps must be at least 1", "the model is made for 8 steps");
  if (!(shift > 0.0) || !std::isfinite(shift)) {
    throw Error(ErrorCode::kUsage, "shift must be a positive number", "the model is made for a shift of 3");
  }
  std::vector<double> sigmas;
  sigmas.reserve(static_cast<std::size_t>(steps) + 1);
  const double last = 1.0 / steps;
  for (int i = 0; i < steps; ++i) {
    const double t = steps == 1 ? 1.0 : 1.0 + (last - 1.0) * i / (steps - 1);
    sigmas.push_back(shift * t / (1.0 + (shift - 1.0) * t));
  }
  sigmas.push_back(0.0);
  return sigmas;
}

std::vector<double> sigmas_from_strength(const std::vector<double>& sigmas, double strength) {
  if (!(strength > 0.0) || strength > 1.0) {
    throw Error(ErrorCode::kUsage, "strength must be above 0 and at most 1",
                "it is the noise level to start from: 1 repaints freely, less stays nearer to the picture");
  }
  if (strength == 1.0) return sigmas;
  std::vector<double> below;
  for (const double sigma : sigmas) {
    if (sigma < strength) below.push_back(sigma);
  }
  if (below.size() >= 3) {  // below[1] is not the final 0
    const double first_step = std::log(strength) - std::log(below[0]);
    const double next_step = std::log(below[0]) - std::log(below[1]);
    if (first_step < 0.5 * next_step) below.erase(below.begin());
  }
  below.insert(below.begin(), strength);
  return below;
}

std::vector<double> with_jumps(const std::vector<double>& sigmas, int length, int count) {
  if (length < 1 || count < 2) return sigmas;
  const int steps = static_cast<int>(sigmas.size()) - 1;
  const std::int64_t jumps = std::int64_t{std::max(0, (steps - 1) / length)} * (count - 1);
  if (jumps > (kMaxSteps - steps) / length) {
    throw Error(ErrorCode::kUsage, "--jump-length and --jump-count make too many steps", "give a smaller --jump-count");
  }
  // As in the paper, `left` steps remain, and jumps start where `left` is a multiple of the length.
  std::vector<double> visits{sigmas.front()};
  std::map<int, int> again;
  for (int left = 0; left < steps - length; left += length) again[left] = count - 1;
  for (int left = steps; left > 0;) {
    --left;
    visits.push_back(sigmas[static_cast<std::size_t>(steps - left)]);
    const auto jump = again.find(left);
    if (jump == again.end() || jump->second == 0) continue;
    --jump->second;
    left += length;
    visits.push_back(sigmas[static_cast<std::size_t>(steps - left)]);
  }
  return visits;
}

std::vector<std::vector<double>> descents(const std::vector<double>& visits) {
  std::vector<std::vector<double>> runs;
  for (std::size_t i = 0; i < visits.size(); ++i) {
    if (i == 0 || visits[i] > visits[i - 1]) runs.emplace_back();
    runs.back().push_back(visits[i]);
  }
  return runs;
}

bool guided_at(double sigma, double truncation) {
  const float timestep = static_cast<float>(sigma) * 1000.0F;
  return static_cast<double>((1000.0F - timestep) / 1000.0F) <= truncation;
}

int count_guided_steps(const std::vector<double>& visits, double truncation) {
  int steps = 0;
  for (const auto& run : descents(visits)) {
    steps += static_cast<int>(
        std::count_if(run.begin(), run.end() - 1, [&](double sigma) { return guided_at(sigma, truncation); }));
  }
  return steps;
}

int count_steps(const std::vector<double>& visits) {
  int steps = 0;
  for (const auto& run : descents(visits)) steps += static_cast<int>(run.size()) - 1;
  return steps;
}

}  // namespace zimage

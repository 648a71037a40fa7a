#include "sampling/schedule.h"

#include <cmath>

#include "zimage/error.h"

namespace zimage {

std::vector<double> make_sigmas(int steps, double shift) {
  if (steps < 1) throw Error(ErrorCode::kUsage, "steps must be at least 1", "the model is made for 8");
  if (!(shift > 0.0) || !std::isfinite(shift)) {
    throw Error(ErrorCode::kUsage, "shift must be a positive number", "the model is made for 3");
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

}  // namespace zimage

#include "app/tools/spread.h"

#include <algorithm>

namespace zimage::app {

Spread spread_of(std::vector<double> times) {
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  const std::size_t half = times.size() / 2;
  const double median = times.size() % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
  return {.median = median, .fastest = times.front(), .slowest = times.back()};
}

}  // namespace zimage::app

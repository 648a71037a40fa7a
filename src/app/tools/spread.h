// What is said of a stage that was timed several times.
#pragma once

#include <vector>

namespace zimage::app {

/// Several times of one thing, in milliseconds.
struct Spread {
  double median = 0.0;  ///< of an even number of times, the mean of the middle two
  double fastest = 0.0;
  double slowest = 0.0;

  /// Returns the distance between the slowest and the fastest, over the median.
  double relative() const { return median > 0.0 ? (slowest - fastest) / median : 0.0; }
};

/// Returns zeros if there are no times.
Spread spread_of(std::vector<double> times);

}  // namespace zimage::app

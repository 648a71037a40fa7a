// Says how fast a batch goes, and how long it will still take.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace zimage::cli {

/// Estimates from the pictures made so far: those that were skipped or failed cost nothing and don't count.
class Eta {
 public:
  using Clock = std::chrono::steady_clock;

  /// Says that the device begins with a picture.
  void begin(Clock::time_point now = Clock::now()) {
    if (!running_) start_ = now;
    running_ = true;
  }
  /// Says that a job with so many megapixels is done.
  void made(double megapixels) {
    ++made_;
    megapixels_ += megapixels;
  }

  /// Returns "1:23:45" or "2:05" for `left` more pictures; "" before the first is made. If it is known how many
  /// megapixels they have, half of the estimate is by those: a part of the work grows with the picture, and a part is
  /// the same for each.
  std::string text(std::size_t left, std::optional<double> megapixels = std::nullopt,
                   Clock::time_point now = Clock::now()) const;

  /// Returns "2.1/min, 0.4 MP/s"; "" before the first is made.
  std::string rate(Clock::time_point now = Clock::now()) const;

 private:
  bool running_ = false;
  Clock::time_point start_;
  std::size_t made_ = 0;
  double megapixels_ = 0.0;
};

/// How many megapixels the pictures have that are still to come.
class MegapixelsLeft {
 public:
  /// Takes the sizes by the jobs' names. Jobs that have ended before don't count.
  void expect(std::map<std::string, double> megapixels);
  void ended(const std::string& name);
  /// Returns the sum for `left` jobs; those whose size isn't known count as the average. Empty if no size is known.
  std::optional<double> megapixels(std::size_t left) const;

 private:
  std::map<std::string, double> sizes_;  ///< of the jobs that haven't ended
  std::set<std::string> ended_;
  double sum_ = 0.0;
};

}  // namespace zimage::cli

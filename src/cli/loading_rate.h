// Says how far the loading of a model is, and how fast it goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace zimage::cli {

class LoadingRate {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes what an observer is told. A new part begins when fewer bytes are loaded than before.
  void add(std::uint64_t bytes, std::uint64_t total, Clock::time_point now = Clock::now());
  /// Returns whether it is time to show it: `interval` has passed since the part began or this last returned true.
  bool due(std::chrono::milliseconds interval, Clock::time_point now = Clock::now());
  /// Returns "3.2 of 12.3 GB, 1.9 GB/s", or "0.03 of 0.15 GB" while no rate is known.
  std::string text() const;
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t total() const { return total_; }

 private:
  std::uint64_t first_ = 0;  ///< bytes at `start_`
  std::uint64_t bytes_ = 0;
  std::uint64_t total_ = 0;
  bool running_ = false;
  Clock::time_point start_;
  Clock::time_point now_;
  Clock::time_point shown_;
};

}  // namespace zimage::cli

// Estimates how long a batch will still take.
#pragma once

#include <chrono>
#include <cstddef>
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
  void made() { ++made_; }

  /// Returns "1:23:45" or "2:05" for `left` more pictures; "" before the first is made.
  std::string text(std::size_t left, Clock::time_point now = Clock::now()) const;

 private:
  bool running_ = false;
  Clock::time_point start_;
  std::size_t made_ = 0;
};

}  // namespace zimage::cli

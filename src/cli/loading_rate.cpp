#include "cli/loading_rate.h"

#include <cstdio>

namespace zimage::cli {

void LoadingRate::add(std::uint64_t bytes, std::uint64_t total, Clock::time_point now) {
  if (!running_ || bytes < bytes_ || total != total_) {
    first_ = bytes;
    start_ = shown_ = now;
  }
  running_ = true;
  bytes_ = bytes;
  total_ = total;
  now_ = now;
}

bool LoadingRate::due(std::chrono::milliseconds interval, Clock::time_point now) {
  if (now - shown_ < interval) return false;
  shown_ = now;
  return true;
}

std::string LoadingRate::text() const {
  const double seconds = std::chrono::duration<double>(now_ - start_).count();
  const int digits = total_ < 1'000'000'000 ? 2 : 1;
  char text[96];
  std::snprintf(text, sizeof text, "%.*f of %.*f GB", digits, static_cast<double>(bytes_) / 1e9, digits,
                static_cast<double>(total_) / 1e9);
  std::string line = text;
  if (seconds <= 0 || bytes_ == first_) return line;
  std::snprintf(text, sizeof text, ", %.1f GB/s", static_cast<double>(bytes_ - first_) / 1e9 / seconds);
  return line.append(text);
}

}  // namespace zimage::cli

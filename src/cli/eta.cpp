#include "cli/eta.h"

#include <cmath>
#include <cstdio>

namespace zimage::cli {

std::string Eta::text(std::size_t left, Clock::time_point now) const {
  if (made_ == 0) return "";
  const double each = std::chrono::duration<double>(now - start_).count() / static_cast<double>(made_);
  const auto seconds = static_cast<long long>(std::llround(each * static_cast<double>(left)));
  char text[64];
  if (seconds >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", seconds / 60, seconds % 60);
  }
  return text;
}

}  // namespace zimage::cli

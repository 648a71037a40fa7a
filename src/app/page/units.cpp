#include "app/page/units.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "base/text.h"

namespace zimage::app {

std::string grouped(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool apart = i > 0 && (digits.size() - i) % 3 == 0 && digits[i - 1] != '-';
    if (apart) out += ',';
    out += digits[i];
  }
  return out;
}

std::string time_text(double ms) {
  std::array<char, 32> text{};
  if (ms < 999.5) {
    std::snprintf(text.data(), text.size(), "%.0f ms", ms);
    return text.data();
  }
  if (ms < 59995.0) {
    std::snprintf(text.data(), text.size(), ms < 9995.0 ? "%.2f s" : "%.1f s", ms / 1000.0);
    return text.data();
  }
  const std::int64_t seconds = std::llround(ms / 1000.0);
  if (seconds < 3600) return concat({std::to_string(seconds / 60), " min ", std::to_string(seconds % 60), " s"});
  return concat({grouped(seconds / 3600), " h ", std::to_string(seconds % 3600 / 60), " min"});
}

}  // namespace zimage::app

#include "cli/eta.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace zimage::cli {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

/// Returns a rate with two digits or more.
std::string short_rate(double value) {
  return print(value < 0.1 ? "%.2g" : value < 1 ? "%.2f" : value < 10 ? "%.1f" : "%.0f", value);
}

}  // namespace

std::string Eta::text(std::size_t left, std::optional<double> megapixels, Clock::time_point now) const {
  if (made_ == 0) return "";
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  double wanted = elapsed / static_cast<double>(made_) * static_cast<double>(left);
  if (megapixels && megapixels_ > 0.0) wanted = (wanted + elapsed / megapixels_ * *megapixels) / 2;
  const auto seconds = static_cast<long long>(std::llround(wanted));
  if (seconds < 3600) return print("%lld:%02lld", seconds / 60, seconds % 60);
  return print("%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

void MegapixelsLeft::expect(std::map<std::string, double> megapixels) {
  sizes_ = std::move(megapixels);
  for (const std::string& name : ended_) sizes_.erase(name);
  ended_.clear();
  sum_ = 0.0;
  for (const auto& [name, size] : sizes_) sum_ += size;
}

void MegapixelsLeft::ended(const std::string& name) {
  const auto found = sizes_.find(name);
  if (found == sizes_.end()) {
    ended_.insert(name);
    return;
  }
  sum_ -= found->second;
  sizes_.erase(found);
}

std::optional<double> MegapixelsLeft::megapixels(std::size_t left) const {
  if (sizes_.empty()) return std::nullopt;
  return std::max(0.0, sum_) / static_cast<double>(sizes_.size()) * static_cast<double>(left);
}

std::string Eta::rate(Clock::time_point now) const {
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  if (made_ == 0 || elapsed <= 0.0) return "";
  const double each_minute = 60.0 * static_cast<double>(made_) / elapsed;
  std::string text = short_rate(each_minute) + "/min";
  if (megapixels_ > 0.0) text += ", " + short_rate(megapixels_ / elapsed) + " MP/s";
  return text;
}

}  // namespace zimage::cli

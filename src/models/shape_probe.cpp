#include "models/shape_probe.h"

#include <algorithm>
#include <charconv>

namespace zimage {

std::int64_t ShapeProbe::size(const std::string& name, std::size_t dimension) const {
  const WeightInfo* info = weights_.find(name);
  return info != nullptr && dimension < info->shape.size() ? info->shape[dimension] : 0;
}

std::int64_t ShapeProbe::count(const std::string& prefix) const {
  constexpr std::int64_t kMost = 1000;  // a hostile name must not cause a loop over billions
  std::int64_t count = 0;
  for (const auto& name : weights_.names()) {
    if (!name.starts_with(prefix)) continue;
    std::int64_t number = -1;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '.' && number >= 0 && number < kMost) {
      count = std::max(count, number + 1);
    }
  }
  return count;
}

}  // namespace zimage

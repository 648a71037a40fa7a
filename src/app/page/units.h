// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace zimage::app {

/// Returns a whole number with its thousands apart: "12,345".
std::string grouped(std::int64_t number);

/// Returns a time as "340 ms", "1.24 s", "2 min 5 s" or "1 h 12 min".
std::string time_text(double ms);

}  // namespace zimage::app

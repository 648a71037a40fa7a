// Shows a memory plan to people.
#pragma once

#include <string>
#include <vector>

#include "zimage/memory.h"

namespace zimage::app {

/// Returns the lines of a small table, a stage each, and what stays in memory.
std::vector<std::string> memory_table(const MemorySummary& memory);

}  // namespace zimage::app

#include "base/peak_memory.h"

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace zimage {

double peak_memory_mb() {
  // getrusage() would also count what the process that started this one took before.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024.0;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

void reset_peak_memory() {
  // proc(5): writing 5 resets the high-water mark.
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace zimage

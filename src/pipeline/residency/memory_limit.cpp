#include "pipeline/residency/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/text.h"

namespace zimage {
namespace fs = std::filesystem;
namespace {

/// Reads the number in a file; nothing if it holds none ("max").
std::optional<std::uint64_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value && value > 0) return value;
  return std::nullopt;
}

/// Returns the least number in the files `name` of the group at `group` below `root` and of its parents.
std::optional<std::uint64_t> least(const fs::path& root, const fs::path& group, const char* name) {
  std::optional<std::uint64_t> limit = number_in(root / name);
  fs::path folder = root;
  for (const fs::path& part : group.relative_path()) {
    folder /= part;
    const auto own = number_in(folder / name);
    if (own) limit = std::min(*own, limit.value_or(*own));
  }
  return limit;
}

/// Returns the bytes that a line of /proc/meminfo tells ("SwapFree:  123 kB"); 0 if there is none.
std::uint64_t meminfo_bytes(std::string_view name) {
  std::ifstream file("/proc/meminfo");
  std::string field;
  std::uint64_t kib = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    if (words >> field >> kib && field == name) return kib * 1024;
  }
  return 0;
}

}  // namespace

std::optional<std::uint64_t> cgroup_limit_bytes(const fs::path& membership, const fs::path& mount) {
  std::optional<std::uint64_t> limit;
  const auto take = [&](std::optional<std::uint64_t> other) {
    if (other) limit = std::min(*other, limit.value_or(*other));
  };
  // If the process can't see its own group, as in a container, the mount's root may hold its limit.
  take(least(mount, "", "memory.max"));
  take(least(mount / "memory", "", "memory.limit_in_bytes"));
  std::ifstream file(membership);
  // "0::/path" is version 2's line, "4:memory:/path" version 1's.
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = concat({",", line.substr(first + 1, second - first - 1), ","});
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") take(least(mount, group, "memory.max"));
    if (controllers.find(",memory,") != std::string::npos) {
      take(least(mount / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

std::uint64_t available_memory_bytes() { return meminfo_bytes("MemAvailable:") + meminfo_bytes("SwapFree:"); }

std::uint64_t memory_limit_bytes() {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
  const std::uint64_t machine = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(machine, cgroup_limit_bytes("/proc/self/cgroup", "/sys/fs/cgroup").value_or(machine));
}

}  // namespace zimage

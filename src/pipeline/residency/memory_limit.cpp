#include "pipeline/residency/memory_limit.h"

#include <sys/resource.h>
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

/// What a version of control groups calls its files.
struct GroupFiles {
  const char* limit;
  const char* used;
  const char* cache_prefix;  ///< of the lines in memory.stat that count a group's file pages, its children's included
};
constexpr GroupFiles kVersion2{"memory.max", "memory.current", ""};
constexpr GroupFiles kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_"};

/// Returns the number that a line of a file tells: "SwapFree:  123 kB", "active_file 123". 0 if there is none.
std::uint64_t value_of(const fs::path& path, std::string_view name) {
  std::ifstream file(path);
  std::string field;
  std::uint64_t value = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    if (words >> field >> value && field == name) return value;
  }
  return 0;
}

std::uint64_t meminfo_bytes(std::string_view name) { return value_of("/proc/meminfo", name) * 1024; }

/// Returns the memory of this process that no file backs.
std::uint64_t own_bytes() { return value_of("/proc/self/status", "RssAnon:") * 1024; }

std::uint64_t less(std::uint64_t from, std::uint64_t bytes) { return from - std::min(from, bytes); }

/// Calls visit(folder, files) for the control groups that the file `membership` (/proc/PID/cgroup) names and all above
/// them, below `mount`.
template <class Visit>
void visit_groups(const fs::path& membership, const fs::path& mount, Visit visit) {
  const auto visit_path = [&](const fs::path& root, const fs::path& group, const GroupFiles& files) {
    fs::path folder = root;
    visit(folder, files);
    for (const fs::path& part : group.relative_path()) visit(folder /= part, files);
  };
  // If the process can't see its own group, as in a container, the mount's root may hold its limit.
  visit_path(mount, "", kVersion2);
  visit_path(mount / "memory", "", kVersion1);
  std::ifstream file(membership);
  // "0::/path" is version 2's line, "4:memory:/path" version 1's.
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = concat({",", line.substr(first + 1, second - first - 1), ","});
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") visit_path(mount, group, kVersion2);
    if (controllers.find(",memory,") != std::string::npos) visit_path(mount / "memory", group, kVersion1);
  }
}

/// Returns what this process may still map below `ulimit -v`, in addition to its memory; nothing if there is no limit.
std::optional<std::uint64_t> address_space_bytes() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const std::uint64_t mapped = value_of("/proc/self/status", "VmSize:") * 1024;
  return less(limit.rlim_cur, mapped) + own_bytes();
}

}  // namespace

std::optional<std::uint64_t> cgroup_limit_bytes(const fs::path& membership, const fs::path& mount) {
  std::optional<std::uint64_t> least;
  visit_groups(membership, mount, [&](const fs::path& folder, const GroupFiles& files) {
    const auto limit = number_in(folder / files.limit);
    if (limit) least = std::min(*limit, least.value_or(*limit));
  });
  return least;
}

std::optional<std::uint64_t> cgroup_free_bytes(const fs::path& membership, const fs::path& mount) {
  std::optional<std::uint64_t> least;
  visit_groups(membership, mount, [&](const fs::path& folder, const GroupFiles& files) {
    const auto limit = number_in(folder / files.limit);
    if (!limit) return;
    std::uint64_t used = number_in(folder / files.used).value_or(0);
    // Pages of files leave when memory is short.
    for (const char* pages : {"active_file", "inactive_file"}) {
      used = less(used, value_of(folder / "memory.stat", concat({files.cache_prefix, pages})));
    }
    const std::uint64_t free = less(*limit, used);
    least = std::min(free, least.value_or(free));
  });
  return least;
}

std::uint64_t available_memory_bytes() {
  const std::uint64_t machine = meminfo_bytes("MemAvailable:") + meminfo_bytes("SwapFree:");
  const auto group = cgroup_free_bytes("/proc/self/cgroup", "/sys/fs/cgroup");
  // A run's need counts what this process has already.
  return std::min(machine, group.value_or(machine)) + (machine > 0 ? own_bytes() : 0);
}

std::uint64_t memory_limit_bytes() {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
  const std::uint64_t machine = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t group = cgroup_limit_bytes("/proc/self/cgroup", "/sys/fs/cgroup").value_or(machine);
  return std::min({machine, group, address_space_bytes().value_or(machine)});
}

}  // namespace zimage

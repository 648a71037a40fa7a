// Finds out how much memory this process may take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace zimage {

/// Returns the smaller of the machine's memory and what the process's control group and its parents allow, in bytes.
std::uint64_t memory_limit_bytes();

/// Returns how much of the machine's memory, swap included, programs could take now, in bytes; 0: unknown.
std::uint64_t available_memory_bytes();

/// Returns the least limit of the control group that the file `membership` (/proc/PID/cgroup) names and of its parents,
/// below `mount` (/sys/fs/cgroup). Reads both versions of control groups. Empty: there is no limit.
std::optional<std::uint64_t> cgroup_limit_bytes(const std::filesystem::path& membership,
                                                const std::filesystem::path& mount);

}  // namespace zimage

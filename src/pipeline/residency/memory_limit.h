// How much memory this process may take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace zimage {

/// Bytes: the smaller of the machine's memory and what the process's control group and its parents allow.
std::uint64_t memory_limit_bytes();

/// The least limit of the control group that `membership` (the text of /proc/PID/cgroup) names and of its parents,
/// below `mount` (/sys/fs/cgroup). Both versions of control groups are known. Empty: there is no limit.
std::optional<std::uint64_t> cgroup_limit_bytes(const std::filesystem::path& membership,
                                                const std::filesystem::path& mount);

}  // namespace zimage

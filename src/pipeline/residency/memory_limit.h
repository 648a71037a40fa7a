// Finds out how much memory this process may take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace zimage {

/// Returns the least of the machine's memory, what the process's control group and its parents allow, and what
/// `ulimit -v` leaves, in bytes. The last one counts all that is mapped now, a model's files too, as taken.
std::uint64_t memory_limit_bytes();

/// Returns how much memory this process could have now, what it has included: the machine's with swap, or less if
/// others in its control group have taken some. In bytes; 0: unknown.
std::uint64_t available_memory_bytes();

/// Returns the least limit of the control group that the file `membership` (/proc/PID/cgroup) names and of its parents,
/// below `mount` (/sys/fs/cgroup). Reads both versions of control groups. Empty: there is no limit.
std::optional<std::uint64_t> cgroup_limit_bytes(const std::filesystem::path& membership,
                                                const std::filesystem::path& mount);

/// Returns what is free of the limits of the same groups; pages of files count as free. Empty: there is no limit.
std::optional<std::uint64_t> cgroup_free_bytes(const std::filesystem::path& membership,
                                               const std::filesystem::path& mount);

}  // namespace zimage

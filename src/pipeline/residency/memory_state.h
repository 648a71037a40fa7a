// Finds out how much memory a run may count on.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

namespace zimage {

struct MemoryState {
  std::uint64_t host = 0;                 ///< memory_limit_bytes()
  std::optional<std::uint64_t> device{};  ///< the device's own memory, 0 if it doesn't tell; empty on the CPU
  std::uint64_t free = 0;                 ///< what nobody uses now, where the run computes; 0: unknown
};

/// Asks the system, or the device's driver. Never fails.
MemoryState look_at_memory(at::Device device);

}  // namespace zimage

// Finds out how much memory a run may count on.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

namespace zimage {

struct MemoryState {
  std::uint64_t host = 0;                 ///< memory_limit_bytes()
  std::optional<std::uint64_t> device{};  ///< the device's own memory; empty on the CPU
  std::uint64_t free = 0;                 ///< what nobody uses now, where the run computes; 0: unknown
};

/// Asks the system, or the device's driver. Errors: what libtorch throws if the device doesn't tell, because a limit
/// that isn't known can't be planned for.
MemoryState look_at_memory(at::Device device);

}  // namespace zimage

// Decides what stays in memory, from sizes alone.
#pragma once

#include <cstdint>

namespace zimage {

/// Bytes that the weights of each part take in the compute dtype.
struct ModelBytes {
  std::uint64_t dit = 0;
  std::uint64_t controlnet = 0;
  std::uint64_t text_encoder = 0;
  std::uint64_t vae = 0;
};

struct MemoryPlan {
  bool keep_text_encoder = false;  ///< it stays beside the other parts once the prompt is encoded
  bool pack_dit = false;           ///< the DiT's and the ControlNet's weights may be copied into a faster layout
};

/// Plans within `limit`, the process's limit (memory_limit_bytes()) and not what is free: the choice of kernel must not
/// depend on what else is running. On a device other than the CPU nothing is kept or packed.
MemoryPlan plan_memory(const ModelBytes& bytes, std::uint64_t limit, bool cpu);

}  // namespace zimage

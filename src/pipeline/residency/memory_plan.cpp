#include "pipeline/residency/memory_plan.h"

namespace zimage {

MemoryPlan plan_memory(const ModelBytes& bytes, std::uint64_t limit, bool cpu) {
  const std::uint64_t denoising = bytes.dit + bytes.controlnet;
  const std::uint64_t all = denoising + bytes.text_encoder + bytes.vae;
  return {.keep_text_encoder = cpu && all < limit / 2, .pack_dit = cpu && denoising < limit / 2};
}

}  // namespace zimage

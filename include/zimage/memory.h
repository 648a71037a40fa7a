// What a run takes of the memory, stage by stage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zimage {

/// Which weights stay in the memory of the device that computes.
enum class Offload {
  kAuto,   ///< as many as fit with room to spare
  kNone,   ///< all of them
  kStage,  ///< those of the part that is at work: text encoder, DiT and VAE one after another
  kStream  ///< as kStage, and of a part's layers only the one at work and the next
};

/// What is in memory at most during a stage.
struct StageMemory {
  std::string stage;          ///< "encode prompt", "encode picture", "denoise", "decode"
  std::uint64_t weights = 0;  ///< bytes of weights in the memory of the device that computes
  std::uint64_t work = 0;     ///< bytes of what the stage computes, and of the process itself
  std::uint64_t host = 0;     ///< bytes in the host's memory besides, if the device isn't the CPU; else 0
};

/// The memory plan of a model on this machine.
struct MemorySummary {
  std::vector<StageMemory> stages;  ///< in their order
  std::string residency;            ///< what stays and what leaves, as a sentence without a full stop
  std::string dtype_reason;         ///< why it computes in its dtype, as the end of a sentence
  std::uint64_t peak = 0;           ///< bytes in the memory of the device that computes, of the largest stage
  std::uint64_t host_peak = 0;      ///< bytes in the host's memory; equals `peak` on the CPU
  std::uint64_t limit = 0;          ///< bytes that the run may take of the device's memory
  std::uint64_t host_limit = 0;     ///< bytes that it may take of the host's; equals `limit` on the CPU
  bool fits = true;
};

}  // namespace zimage

// What the machine offers, and what a run would take of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zimage/model_paths.h"

namespace zimage {

struct CUDADevice {
  int index = 0;
  std::uint64_t total_bytes = 0;  ///< 0: it doesn't say
  std::uint64_t free_bytes = 0;
};

struct Machine {
  std::string cpu;                    ///< the processor's own name; empty where the system doesn't tell
  int cores = 0;                      ///< that this process may use
  std::string vector_level;           ///< of ATen's kernels: "AVX2", "AVX512", "DEFAULT"
  std::uint64_t memory_bytes = 0;     ///< as memory_limit_bytes()
  std::uint64_t available_bytes = 0;  ///< of them free now; 0: unknown
  bool cuda_build = false;
  std::vector<CUDADevice> cuda_devices;
  std::vector<std::string> nvidia_gpus;  ///< as the driver names them, whether or not this build can use them
};

/// Asks the system, the CUDA driver and libtorch. Nothing of it fails: what can't be known is empty.
Machine look_at_machine();

struct ChosenCompute {
  std::string device;
  std::string dtype;
  int threads = 0;
};

/// What these options come to. Errors: as resolve_compute.
ChosenCompute choose_compute(const ComputeOptions& options);

}  // namespace zimage

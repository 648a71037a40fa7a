// Tells what the machine offers, and what a run would use of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zimage/model_paths.h"

namespace zimage {

struct CUDADevice {
  int index = 0;
  std::uint64_t total_bytes = 0;  ///< 0: unknown
  std::uint64_t free_bytes = 0;
};

struct Machine {
  std::string cpu;                    ///< the processor's model name; empty: unknown
  int cores = 0;                      ///< how many this process may use
  std::string vector_level;           ///< the one ATen's kernels use: "AVX2", "AVX512", "DEFAULT"
  std::uint64_t memory_bytes = 0;     ///< memory_limit_bytes()
  std::uint64_t available_bytes = 0;  ///< how many of them are free now; 0: unknown
  bool cuda_build = false;
  std::vector<CUDADevice> cuda_devices;
  std::vector<std::string> nvidia_gpus;  ///< as the driver names them, whether or not this build can use them
};

/// Asks the system, the CUDA driver and libtorch. Never fails: what can't be found out stays empty.
Machine look_at_machine();

/// The device and the threads that a run would use.
struct ChosenCompute {
  std::string device;
  int threads = 0;
};

/// Resolves the options. Errors: those of resolve_compute().
ChosenCompute choose_compute(const ComputeOptions& options);

}  // namespace zimage

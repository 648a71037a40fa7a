// Runs kernels: an Executor is one of the places where the bodies of bodies.h can run.
#pragma once

#include <cstddef>

#include "nn/kernels/args.h"

namespace zimage::nn::kernels {

/// One launch: `rows` groups of lanes_for(kernel, width) lanes, each of which works on its row.
struct Launch {
  KernelId kernel{};
  ElementId element{};
  i64 rows = 0;
  i64 width = 0;               ///< of a row, in elements
  const void* args = nullptr;  ///< the kernel's struct of args.h; read before run() returns
  std::size_t args_bytes = 0;
};

/// Returns the launch of a kernel; `Args` is the struct that ZIMAGE_KERNELS names for it.
template <class Args>
Launch launch_of(KernelId kernel, ElementId element, i64 rows, i64 width, const Args& args) {
  return {kernel, element, rows, width, &args, sizeof(Args)};
}

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;
  /// Runs a launch, or starts it on the current stream. Its pointers must be good on the executor's device.
  virtual void run(const Launch& launch) = 0;
};

/// Returns the executor that runs the bodies on the CPU, with lanes that take turns.
Executor& cpu_executor();

/// The same with so many lanes for every row, a power of two from 1 to 1024: for tests.
void run_on_cpu(const Launch& launch, i64 lanes);

}  // namespace zimage::nn::kernels

// Compares kernels with ATen's operations on the user's device, before they are used there. They are tested on the CPU
// only, so that nothing but this tells that a compiler, a driver or a card makes something else of them.
#pragma once

#include <c10/core/Device.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "nn/kernels/launch.h"

namespace zimage::nn::kernels {

/// An operation that is checked as a whole: mostly one kernel; a GroupNorm has three.
struct CheckedOperation {
  std::string name;
  std::vector<KernelId> kernels;
};

/// Returns the operations whose kernels are in ZIMAGE_KERNELS; each kernel is in one of them.
const std::vector<CheckedOperation>& checked_operations();

/// Runs an operation through the executor on small tensors of odd sizes on `device`, with random numbers that are
/// others each time, and compares the results with those of ATen's operations there. Returns what is wrong, as the end
/// of a sentence, or nothing. Other errors than of this operation are thrown on: kMemory, and those that are fatal().
std::string check_operation(Executor& executor, const at::Device& device, const CheckedOperation& operation,
                            ElementId element);

/// Uses the kernels of one device that agree with ATen.
class CheckedKernels {
 public:
  CheckedKernels(Executor& executor, const at::Device& device) : executor_(executor), device_(device) {}

  /// Returns the executor, or null if the kernel isn't to be used for the element. The first call for an operation and
  /// an element checks it; if it fails, a warning says so, once for each thing that is wrong. Any thread may call it.
  Executor* find(KernelId kernel, ElementId element);

  /// An operation that isn't used.
  struct Failure {
    std::string operation;
    ElementId element{};
    std::string what;
  };
  /// Checks all operations for the element, except for those that were, and returns what failed.
  std::vector<Failure> failures(ElementId element);

 private:
  struct Finding {
    std::once_flag checked;
    std::string wrong;  ///< empty: the operation is used
  };

  const std::string& check(std::size_t operation, ElementId element);
  void warn(const std::string& operation, ElementId element, const std::string& wrong);

  Executor& executor_;
  at::Device device_;
  std::array<std::array<Finding, kKernelCount>, 3> findings_;  ///< by element and operation
  std::mutex mutex_;
  std::set<std::string> warned_;  ///< what was wrong
};

}  // namespace zimage::nn::kernels

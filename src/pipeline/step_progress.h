// Reports steps when they are done, though a device works behind the host that starts them.
#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace zimage {

/// Marks on a device's work.
class StepMarks {
 public:
  virtual ~StepMarks() = default;
  /// Remembers the work that was started so far as `mark`, 0 or 1.
  virtual void set(std::size_t mark) = 0;
  /// Waits until that work is done.
  virtual void wait(std::size_t mark) = 0;
};

/// Returns marks on the device's current stream; null for the CPU, where work is done once it was started.
std::unique_ptr<StepMarks> step_marks(at::Device device);

/// Waits until the device has done what was started on its current stream. Does nothing on the CPU.
void wait_for(at::Device device);

class StepProgress {
 public:
  /// `marks` may be null. `done` is called once for each step.
  StepProgress(std::unique_ptr<StepMarks> marks, std::function<void()> done);
  /// Says that a step was started. Waits for the one before it, so that the device always has one to work on, that
  /// progress is true, and that an interrupt comes through within two steps.
  void started();
  /// Waits for the last step.
  void finish();

 private:
  std::unique_ptr<StepMarks> marks_;
  std::function<void()> done_;
  std::size_t started_ = 0;
  std::size_t reported_ = 0;
};

}  // namespace zimage

// Counts work that is the same in every run, on every machine: tests hold bounds on it, where times would scatter.
#pragma once

#include <cstdint>
#include <memory>

namespace zimage {

/// What this thread has asked libtorch for.
struct WorkCounts {
  std::uint64_t allocations = 0;  ///< tensors' memory
  std::uint64_t operators = 0;    ///< calls through the dispatcher, nested ones included
};

/// Counts the work of the thread that made it, while it lives. One at a time.
class WorkCounter {
 public:
  WorkCounter();
  ~WorkCounter();
  WorkCounter(const WorkCounter&) = delete;
  WorkCounter& operator=(const WorkCounter&) = delete;
  WorkCounts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zimage

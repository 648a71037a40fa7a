#include "pipeline/tools/work_counter.h"

#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <atomic>

namespace zimage {
namespace {

/// libtorch's allocators report to what is registered here, as its profiler is.
class Allocations final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t, c10::Device) override {
    if (bytes > 0) ++count;
  }
  bool memoryProfilingEnabled() const override { return true; }

  std::atomic<std::uint64_t> count = 0;
};

// A callback of libtorch's is a plain function, so what it counts is the thread's.
thread_local std::uint64_t t_operators = 0;

std::unique_ptr<at::ObserverContext> count_operator(const at::RecordFunction&) {
  ++t_operators;
  return nullptr;
}

}  // namespace

struct WorkCounter::Impl {
  std::shared_ptr<Allocations> allocations = std::make_shared<Allocations>();
  c10::DebugInfoGuard guard{c10::DebugInfoKind::PROFILER_STATE, allocations};
  std::uint64_t operators_before = t_operators;
  at::CallbackHandle callback =
      at::addThreadLocalCallback(at::RecordFunctionCallback(count_operator).scopes({at::RecordScope::FUNCTION}));
};

WorkCounter::WorkCounter() : impl_(std::make_unique<Impl>()) {}

WorkCounter::~WorkCounter() { at::removeCallback(impl_->callback); }

WorkCounts WorkCounter::counts() const {
  return {.allocations = impl_->allocations->count, .operators = t_operators - impl_->operators_before};
}

}  // namespace zimage

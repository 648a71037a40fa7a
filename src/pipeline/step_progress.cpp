#include "pipeline/step_progress.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>
#include <vector>

namespace zimage {
namespace {

/// Two marks: the step that works, and the one that was started after it.
constexpr std::size_t kMarks = 2;

// This is written for any device that has streams, so that it needs no CUDA header.
class StreamMarks final : public StepMarks {
 public:
  explicit StreamMarks(at::Device device) : device_(device), system_(device.type()) {
    for (std::size_t mark = 0; mark < kMarks; ++mark) events_.emplace_back(device.type());
  }
  void set(std::size_t mark) override { events_[mark].record(system_.getStream(device_)); }
  void wait(std::size_t mark) override { events_[mark].synchronize(); }

 private:
  at::Device device_;
  c10::impl::VirtualGuardImpl system_;
  std::vector<c10::Event> events_;
};

}  // namespace

std::unique_ptr<StepMarks> step_marks(at::Device device) {
  if (device.is_cpu()) return nullptr;
  return std::make_unique<StreamMarks>(device);
}

void wait_for(at::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl system(device.type());
  system.synchronizeStream(system.getStream(device));
}

StepProgress::StepProgress(std::unique_ptr<StepMarks> marks, std::function<void()> done)
    : marks_(std::move(marks)), done_(std::move(done)) {}

void StepProgress::started() {
  if (marks_ == nullptr) {
    done_();
    return;
  }
  marks_->set(started_ % kMarks);
  ++started_;
  if (started_ < kMarks) return;
  marks_->wait(reported_ % kMarks);
  ++reported_;
  done_();
}

void StepProgress::finish() {
  for (; reported_ < started_; ++reported_) {
    marks_->wait(reported_ % kMarks);
    done_();
  }
}

}  // namespace zimage

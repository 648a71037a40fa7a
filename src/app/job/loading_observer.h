// How a model is followed that loads while it isn't known yet whether there is anything to do.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "zimage/inpainter.h"

namespace zimage::app {

/// Tells the stages of the loading once the inputs, which another thread reads meanwhile, are known to be good, and
/// ends it where they aren't.
class LoadingObserver final : public Observer {
 public:
  /// `observer` must outlive this. It is told on either thread, never on both at a time.
  explicit LoadingObserver(Observer& observer) : observer_(observer) {}

  void stage(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (good_) {
      observer_.stage(name);
    } else {
      held_.push_back(name);
    }
  }
  bool cancelled() override { return bad_.load() || observer_.cancelled(); }

  /// On any thread, as inputs_are_bad().
  void inputs_are_good() {
    const std::lock_guard lock(mutex_);
    good_ = true;
    for (const std::string& name : held_) observer_.stage(name);
    held_.clear();
  }
  void inputs_are_bad() { bad_ = true; }

 private:
  Observer& observer_;
  std::atomic<bool> bad_ = false;
  std::mutex mutex_;  ///< of all below, and of the stages that `observer_` is told
  bool good_ = false;
  std::vector<std::string> held_;
};

}  // namespace zimage::app

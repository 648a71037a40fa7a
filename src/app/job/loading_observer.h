// Follows a model that loads while the inputs are still being read.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "zimage/inpainter.h"

namespace zimage::app {

/// Holds back loading progress until the inputs, which another thread reads meanwhile, are known to be good; cancels
/// loading if they are not.
class LoadingObserver final : public Observer {
 public:
  /// `observer` must outlive this. It is called on either thread, never on both at a time.
  explicit LoadingObserver(Observer& observer) : observer_(observer) {}

  void stage(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    if (good_) {
      observer_.stage(name);
    } else {
      held_.push_back(name);
    }
  }
  /// What comes before the inputs are known isn't told: the next weight's numbers say it all.
  void loading(std::uint64_t bytes, std::uint64_t total) override {
    const std::lock_guard lock(mutex_);
    if (good_) observer_.loading(bytes, total);
  }
  bool cancelled() override { return bad_.load() || observer_.cancelled(); }

  /// May be called on any thread, as inputs_are_bad() may.
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
  std::mutex mutex_;  ///< guards everything below, observer_.stage() and observer_.loading()
  bool good_ = false;
  std::vector<std::string> held_;
};

}  // namespace zimage::app

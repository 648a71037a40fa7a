// Loads a part of the model on a thread of its own, while its owner does other work.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <system_error>
#include <utility>

#include "zimage/error.h"

namespace zimage {

/// How the loading of a part is followed. Either may be empty.
struct LoadingWatch {
  std::function<void()> check{};                                           ///< throws to give up
  std::function<void(std::uint64_t bytes, std::uint64_t total)> report{};  ///< is told how far it is
};

/// One load at a time. Its functions are called on one thread, the owner's; only the load itself runs on another.
template <class Part>
class LoadingAhead {
 public:
  LoadingAhead() = default;
  ~LoadingAhead() { stop(); }
  LoadingAhead(const LoadingAhead&) = delete;
  LoadingAhead& operator=(const LoadingAhead&) = delete;

  /// Begins load(watch), which has to call the watch's functions while it works. If the system has no thread to give,
  /// nothing begins.
  void begin(std::function<Part(const LoadingWatch&)> load) {
    stop();
    stopping_ = false;
    bytes_ = total_ = 0;
    const LoadingWatch watch{.check =
                                 [this] {
                                   if (stopping_) throw Error(ErrorCode::kInterrupted, "interrupted");
                                 },
                             .report =
                                 [this](std::uint64_t bytes, std::uint64_t total) {
                                   bytes_ = bytes;
                                   total_ = total;
                                 }};
    try {
      part_ = std::async(std::launch::async, [load = std::move(load), watch] { return load(watch); });
    } catch (const std::system_error&) {  // whoever needs the part loads it
    }
  }
  /// Returns whether a load was begun that nobody took or stopped.
  bool begun() const { return part_.valid(); }

  /// Waits for the part and returns it. Meanwhile it calls the functions of `watch`, on this thread, some times a
  /// second; if one throws, the load is stopped. begun() must hold. Errors: what the load threw.
  Part take(const LoadingWatch& watch) {
    try {
      do {
        if (watch.check) watch.check();
        report(watch);
      } while (part_.wait_for(kPoll) != std::future_status::ready);
    } catch (...) {
      stop();
      throw;
    }
    report(watch);
    return part_.get();
  }

  /// Ends the load at its next check, waits for that, and drops what it made.
  void stop() {
    if (!part_.valid()) return;
    stopping_ = true;
    part_.wait();
    part_ = {};
  }

 private:
  static constexpr std::chrono::milliseconds kPoll{50};

  void report(const LoadingWatch& watch) const {
    if (const std::uint64_t total = total_; watch.report && total > 0) watch.report(bytes_, total);
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> bytes_ = 0, total_ = 0;
  std::future<Part> part_;
};

}  // namespace zimage

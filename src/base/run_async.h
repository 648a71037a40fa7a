// Runs a function alongside its caller.
#pragma once

#include <future>
#include <utility>

namespace zimage {

/// Starts f() on a thread of its own; if the system has no thread to give, f() runs when its result is asked for.
/// The future's destructor waits, so f may refer to anything that was declared before the future.
template <class F>
auto run_async(F&& f) {
  return std::async(std::launch::async | std::launch::deferred, std::forward<F>(f));
}

}  // namespace zimage

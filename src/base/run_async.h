// Work that goes on beside the caller's.
#pragma once

#include <future>
#include <utility>

namespace zimage {

/// f(), begun at once on a thread of its own, or when it is asked for where the system has no thread to give. The
/// future's destructor waits for it, so that what f refers to may lie before the future on the stack.
template <class F>
auto ahead(F&& f) {
  return std::async(std::launch::async | std::launch::deferred, std::forward<F>(f));
}

/// The same where it is `worth` a thread; else f() runs when it is asked for, and not at all if nobody asks.
template <class F>
auto ahead_if(bool worth, F&& f) {
  const auto how = worth ? std::launch::async | std::launch::deferred : std::launch::deferred;
  return std::async(how, std::forward<F>(f));
}

}  // namespace zimage

#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace zimage {
namespace {

std::atomic<int> thread_count = 0;

#ifdef _OPENMP
int threads_for(std::int64_t ranges) {
  if (omp_in_parallel() != 0) return 1;
  const int chosen = thread_count.load(std::memory_order_relaxed);
  const int most = chosen > 0 ? chosen : omp_get_max_threads();
  return static_cast<int>(std::min<std::int64_t>(most, ranges));
}
#endif

}  // namespace

void set_thread_count(int count) { thread_count = count; }

void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t from, std::int64_t to)>& body) {
  if (begin >= end) return;
#ifdef _OPENMP
  const int threads = threads_for((end - begin + grain - 1) / grain);
  if (threads <= 1) return body(begin, end);
  std::atomic<bool> failed = false;
  std::exception_ptr error;
#pragma omp parallel num_threads(threads)
  {
    // The runtime may give fewer threads than were asked for.
    const std::int64_t count = omp_get_num_threads();
    const std::int64_t length = (end - begin + count - 1) / count;
    const std::int64_t from = begin + omp_get_thread_num() * length;
    const std::int64_t to = std::min(end, from + length);
    try {
      if (from < to) body(from, to);
    } catch (...) {
      if (!failed.exchange(true)) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
#else
  (void)grain;
  body(begin, end);
#endif
}

}  // namespace zimage

// Loops on all threads, without a libtorch header: the threads are those of the OpenMP runtime that libtorch uses too.
#pragma once

#include <cstdint>
#include <functional>

namespace zimage {

/// How many threads a loop may use; 0: as many as the runtime likes. Set once, before work begins.
void set_thread_count(int count);

/// Calls body(from, to) for ranges that make up [begin, end), each at least `grain` long but for the last, on several
/// threads at a time. A nested call, and one of a single range, runs on the caller's thread. The ranges depend on the
/// number of threads, so a body must not. Rethrows the first exception once every range has ended.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t from, std::int64_t to)>& body);

}  // namespace zimage

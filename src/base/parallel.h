// Parallel loops without a libtorch header. They run on the threads of the OpenMP runtime, which libtorch uses too.
#pragma once

#include <cstdint>
#include <functional>

namespace zimage {

/// Sets how many threads a loop may use; 0 leaves it to the runtime. Call it once, before work begins.
void set_thread_count(int count);

/// Calls body(from, to) on several threads, for at most ⌈(end − begin) / grain⌉ ranges that make up [begin, end). A
/// nested call, and one with a single range, runs on the caller's thread. The ranges depend on the number of threads,
/// so results must not depend on the ranges. Rethrows the first exception once every range has ended.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t from, std::int64_t to)>& body);

}  // namespace zimage

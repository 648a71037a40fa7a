// How much memory this process has taken at most.
#pragma once

namespace zimage {

/// Returns the largest resident size of the process so far, or since reset_peak_memory(), in MiB.
double peak_memory_mb();

/// Begins to count anew. Does nothing where the system doesn't allow it.
void reset_peak_memory();

}  // namespace zimage

// Tells how large the pictures of a batch are, for the estimate of the time that is left.
#pragma once

#include <atomic>
#include <future>
#include <vector>

#include "app/batch/job_source.h"
#include "app/batch/shard.h"
#include "app/report/progress.h"

namespace zimage::app {

/// Reads the headers of a batch's pictures on a thread of its own, because a slow disk takes a while for thousands, and
/// tells `progress` once all are known. Ends early when it is destroyed.
class BatchSizes {
 public:
  /// `jobs` may be null, if they aren't known yet; both must outlive this.
  BatchSizes(const std::vector<Job>* jobs, const Shard& shard, Progress& progress);
  ~BatchSizes();
  BatchSizes(const BatchSizes&) = delete;
  BatchSizes& operator=(const BatchSizes&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::future<void> reading_;
};

}  // namespace zimage::app

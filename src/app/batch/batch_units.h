// Groups the outputs of a batch that go to the device together.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/job/job_stages.h"
#include "base/bounded_queue.h"

namespace zimage::app {

/// A job of a batch, and the state of its outputs. The batch's mutex guards the counts.
struct BatchJob {
  std::size_t index = 0;  ///< position in the whole batch
  std::string name;
  JobReport report;  ///< what is known of the job until it is resolved
  std::optional<RunningJob> running;
  std::size_t open = 1;  ///< outputs that are not reported yet
  std::size_t made = 0;
  bool failed = false;
  bool mismatched = false;  ///< an output differs from its golden picture
};

/// One output of a job.
struct BatchUnit {
  std::shared_ptr<BatchJob> job;
  std::size_t k = 0;
};

/// A unit and its result.
struct ComputedUnit {
  BatchUnit unit;
  Result result;
  double compute_ms = 0.0;
};

/// Splits the prepared jobs into units, and groups up to `size` successive ones that can share their forwards.
class UnitStream {
 public:
  /// With `wait`, a group waits for more jobs until it is full; else it takes what is there.
  UnitStream(const Session& session, std::size_t size, bool wait, BoundedQueue<std::shared_ptr<BatchJob>>& jobs)
      : session_(session), size_(size), wait_(wait), jobs_(jobs) {}

  /// Returns the next group; empty once there are no more jobs. An output that is not computed comes alone.
  std::vector<BatchUnit> next();

 private:
  const BatchUnit* peek(bool wait);

  const Session& session_;
  std::size_t size_;
  bool wait_;
  BoundedQueue<std::shared_ptr<BatchJob>>& jobs_;
  std::shared_ptr<BatchJob> job_;  ///< the job of the next unit
  std::size_t k_ = 0;
  std::optional<BatchUnit> ahead_;  ///< peeked at, not yet returned
};

/// Inpaints the units, several of them in one run. Errors: those of Inpainter::run().
std::vector<ComputedUnit> compute_together(Session& session, const std::vector<BatchUnit>& units, Observer& observer);

}  // namespace zimage::app

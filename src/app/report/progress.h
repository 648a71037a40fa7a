// Follows a run: the library's stages and steps, and the jobs of a batch.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "app/report/report.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// Receives a run's progress. `stage`, `step` and `job_begin` are called on the device's thread, `job_end` on any, one
/// at a time.
class Progress : public Observer {
 public:
  /// A single job goes on to its next picture (--num-images).
  virtual void next_picture() {}
  /// A batch of `total` jobs begins; empty: their number is unknown.
  virtual void batch_begin(std::optional<std::size_t> /*total*/) {}
  /// The sizes of a batch's pictures are known, by the jobs' names; those of some may be missing. Comes on a thread of
  /// its own, at any time after batch_begin().
  virtual void batch_sizes(std::map<std::string, double> /*megapixels*/) {}
  /// The device starts on a job.
  virtual void job_begin(const std::string& /*name*/) {}
  /// A job is done, skipped, planned or failed.
  virtual void job_end(const std::string& /*name*/, const JobReport& /*report*/) {}
};

}  // namespace zimage::app

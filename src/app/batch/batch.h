// Inpaints many pictures with one model, unattended.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/job_source.h"
#include "app/batch/shard.h"
#include "app/options/settings.h"
#include "app/report/progress.h"
#include "app/report/report.h"

namespace zimage::app {

/// Returns whether the settings ask for a batch: a folder as --image, or a --manifest.
bool is_batch(const Settings& settings);

/// A batch whose options are checked, and whose jobs are too unless they come from stdin.
struct BatchPlan {
  std::unique_ptr<JobSource> jobs;
  std::shared_ptr<std::atomic<bool>> stop;  ///< set to stop waiting for jobs on stdin
  Shard shard;
  ModelPaths model;
  ComputeOptions compute;
  std::filesystem::path output;     ///< the output tree's root, created if missing; empty: none
  std::uint64_t random_seed = 0;    ///< the seed of jobs that give none
  bool random_seed_needed = false;  ///< the command line gives no seed
  bool fail_fast = false;
  bool dry_run = false;
  std::size_t batch_size = 1;
};

/// Lists the jobs. Errors: kUsage for options that make no sense in a batch; kInput for a folder or manifest that can't
/// be read, a bad line, and two jobs with the same output path; kModel if there is no model.
BatchPlan resolve_batch(const Settings& settings);

/// Failures with the same code and the same advice.
struct FailureKind {
  ErrorCode code = ErrorCode::kRuntime;
  std::string hint;
  std::size_t count = 0;
  std::string first;  ///< the first one's message, with the job's name
};

/// Counts the jobs by how they ended.
struct BatchSummary {
  std::size_t done = 0;
  std::size_t skipped = 0;
  std::size_t planned = 0;
  std::size_t failed = 0;
  std::size_t mismatched = 0;         ///< done, but the result differs from its golden picture
  std::vector<FailureKind> failures;  ///< in the order of their first
  bool interrupted = false;
  double seconds = 0.0;

  void add_failure(const Error& error, const std::string& message);

  std::size_t jobs() const { return done + skipped + planned + failed; }
  /// Returns 130 if interrupted, 7 if a job failed, 6 if a result differs from its golden picture, else 0.
  int exit_code() const;
  /// Returns "7 done, 2 skipped, 1 failed in 12.3 s".
  std::string text() const;
  /// Returns a table of the failures by kind, the most frequent first; "" without any.
  std::string failure_table() const;
};

/// Runs the jobs: pictures are read and written on other threads while the device works. A failure of one job is
/// reported and the rest go on, unless `fail_fast`. `reporter` and `progress` are called one at a time.
/// Errors: kModel if the model can't be opened, or already fails with the first picture; kRuntime if results can't be
/// reported, or the device is lost.
BatchSummary run_batch(BatchPlan& plan, Progress& progress, Reporter& reporter);

}  // namespace zimage::app

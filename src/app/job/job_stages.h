// Runs a job in three stages that may be on three threads: prepare, compute, finish.
#pragma once

#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/job/inputs.h"
#include "app/job/session.h"
#include "app/options/job_spec.h"
#include "app/report/report.h"
#include "zimage/result.h"

namespace zimage::app {

/// A job in progress. One stage at a time may change it, and after prepare_job() none does.
struct RunningJob {
  /// Begins the report with what the spec says. Errors: kUsage for jumps that make too many steps.
  explicit RunningJob(JobSpec spec_);

  /// Fills in the settings of the sampling that the spec leaves to the model, and reports the noise levels. Comes once,
  /// before prepare_job() and before another thread looks at the sampling. Errors: those of plan_sigmas().
  void follow_model(const ModelInfo& model);

  JobSpec spec;      ///< follow_model() alone may change it
  JobReport report;  ///< what is known so far, even when a stage throws
  /// What hash_inputs() returns, and under "model" what hash_model() returns. Null if nobody needs them.
  nlohmann::ordered_json hashes{};
  std::future<nlohmann::ordered_json> input_hashes{};  ///< what hash_ahead() has started
  std::unique_ptr<const LoadedInputs> inputs{};        ///< null until they are read
  Work work{};                                         ///< with the first seed; set once the inputs are read
  std::vector<bool> kept{};                            ///< by output: --skip-existing keeps the existing file
  std::map<std::string, double> loading_ms{};          ///< by stage: time spent before the first output's run
  std::size_t first = 0;  ///< the first output that is not kept; it writes the mask and the crops too

  std::size_t outputs() const { return spec.output.results.size(); }
  bool all_kept() const { return first >= outputs(); }
  /// Returns whether output `k` is to be computed.
  bool makes(std::size_t k) const { return !spec.dry_run && !spec.output.preview && !kept[k]; }
  /// Returns the work of output `k`, with its own seed.
  Work work_of(std::size_t k) const;
};

/// Returns whether the hashes of the inputs and of the model are needed, to compare them or to write them down.
bool wants_hashes(const JobSpec& spec);

/// Starts hashing the inputs' files on another thread, for prepare_job(). The job must not move meanwhile.
void hash_ahead(RunningJob& job);

/// Requires follow_model(). Decides which outputs are kept, reads the inputs unless they have been read, and plans the
/// work. On any thread. Errors: kInput, kUsage (an existing output that can't stay, a strategy that the ControlNet
/// rules out), kModel.
void prepare_job(Session& session, RunningJob& job);

/// Returns whether another run with the same options has made output `k` since prepare_job() looked, so that
/// --skip-existing keeps it. Errors: kUsage if another one is there now that may not be replaced.
bool made_meanwhile(Session& session, const RunningJob& job, std::size_t k);

/// Inpaints output `k`. On the device's thread. Errors: those of Inpainter::run().
Result compute_output(Session& session, const RunningJob& job, std::size_t k, Observer& observer);

/// Encodes and writes output `k`, compares it with its golden picture if it has one, reports it and returns the report.
/// If another run has made the same meanwhile, --skip-existing keeps that and reports it as kept.
/// On any thread. Errors: kRuntime when writing fails, kInput for a golden picture that can't be read.
JobReport finish_output(Session& session, const RunningJob& job, std::size_t k, Result result, double compute_ms,
                        Reporter& reporter);

/// Reports an output that isn't computed and returns the report: with --dry-run any output, with --preview the drawing,
/// which is made here, else a kept one, which is compared with its golden picture too. Errors: those of
/// finish_preview() and finish_output().
JobReport report_unmade(const RunningJob& job, std::size_t k, Reporter& reporter);

}  // namespace zimage::app

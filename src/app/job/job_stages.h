// One job, in three stages that may run on three threads: prepare, compute, finish.
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

/// A job on its way. A stage changes it; between stages it belongs to nobody, after prepare_job() nobody changes it.
struct RunningJob {
  /// The report begins with what the spec says.
  explicit RunningJob(JobSpec spec_);

  const JobSpec spec;
  JobReport report;  ///< what is known so far, also when a stage throws
  /// As hash_inputs(), and "model": as hash_model(). Null where nobody needs them.
  nlohmann::ordered_json hashes{};
  std::future<nlohmann::ordered_json> input_hashes{};  ///< of hash_ahead()
  std::unique_ptr<const LoadedInputs> inputs{};        ///< null until they are read
  Work work{};                                         ///< of the first seed, once the inputs are read
  std::vector<bool> kept{};                            ///< by output: --skip-existing leaves what is there
  std::map<std::string, double> loading_ms{};          ///< by stage: what was done for the first output before its run
  std::size_t first = 0;  ///< the first output that is not kept; it writes the mask and the crops too

  std::size_t outputs() const { return spec.output.results.size(); }
  bool all_kept() const { return first >= outputs(); }
  /// Whether output `k` is to be computed.
  bool makes(std::size_t k) const { return !spec.dry_run && !kept[k]; }
  /// The work of output `k`.
  Work work_of(std::size_t k) const;
};

/// Whether something is to be compared with the hashes of the inputs and of the model, or to carry them.
bool wants_hashes(const JobSpec& spec);

/// Hashes the inputs' files on another thread, for prepare_job(). The job stays where it is meanwhile.
void hash_ahead(RunningJob& job);

/// Decides which outputs are kept, reads the inputs unless they have been, plans the work. On any thread.
/// Errors: kInput, kUsage (an existing output that can't stay, a strategy that the ControlNet rules out), kModel.
void prepare_job(Session& session, RunningJob& job);

/// Inpaints output `k`. On the device's thread. Errors: as Inpainter::run.
Result compute_output(Session& session, const RunningJob& job, std::size_t k, Observer& observer);

/// Encodes and writes output `k`, compares it with its golden picture if it has one, and reports it; what was reported.
/// On any thread. Errors: kRuntime when writing fails, kInput for a golden picture that is none.
JobReport finish_output(Session& session, const RunningJob& job, std::size_t k, const Result& result, double compute_ms,
                        Reporter& reporter);

/// Reports a kept output, compared with its golden picture too, or with --dry-run any; what was reported.
JobReport report_unmade(const RunningJob& job, std::size_t k, Reporter& reporter);

}  // namespace zimage::app

#include "app/job/run_inpaint.h"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/job/golden_plan.h"
#include "app/job/job_stages.h"
#include "app/job/loading_observer.h"
#include "app/job/resolve.h"
#include "base/run_async.h"
#include "base/stopwatch.h"

namespace zimage::app {
namespace {

/// Does everything before the first output's run. Reads the inputs while the model is opened and then loaded. An error
/// of the inputs is thrown before one of the model.
std::unique_ptr<Session> prepare(RunningJob& job, Observer& observer) {
  std::future<void> reading = run_async([&job] { job.inputs = read_inputs(job.spec); });
  std::unique_ptr<Session> session;
  try {
    session = std::make_unique<Session>(job.spec.model, job.spec.compute);
    job.follow_model(session->model());
    if (wants_hashes(job.spec)) session->model_hashes();
  } catch (...) {
    reading.get();
    throw;
  }
  LoadingObserver loading(observer);
  std::future<void> preparing = run_async([&] {
    try {
      reading.get();
      session->log_model();
      prepare_job(*session, job);
      loading.inputs_are_good();
    } catch (...) {
      loading.inputs_are_bad();
      throw;
    }
  });
  // If outputs may be kept, there may be nothing to load the model for.
  const bool loads = !job.spec.dry_run && !job.spec.skip_existing && !job.spec.output.preview;
  try {
    if (loads) job.loading_ms = session->inpainter().prepare(prompts_of(job.spec), loading);
  } catch (...) {
    preparing.get();  // an error of the inputs comes first
    throw;
  }
  preparing.get();
  return session;
}

void run(RunningJob& job, Progress& progress, Reporter& reporter) {
  hash_ahead(job);
  const std::unique_ptr<Session> session = prepare(job, progress);
  std::vector<GoldenResult> unlike;
  std::optional<Error> last;
  const auto judge = [&](const JobReport& report) {
    if (report.status != "mismatch") return;
    unlike.push_back(*report.golden);
    last = report.error;
  };
  for (std::size_t k = 0; k < job.outputs(); ++k) {
    if (!job.makes(k) || made_meanwhile(*session, job, k)) {
      judge(report_unmade(job, k, reporter));
      continue;
    }
    const Stopwatch computing;
    job.report.seed = job.spec.output.results[k].seed;
    if (k > job.first) progress.next_picture();
    const Result result = compute_output(*session, job, k, progress);
    judge(finish_output(*session, job, k, std::move(result), computing.ms(), reporter));
  }
  finish_goldens(unlike, last);
}

}  // namespace

void run_inpaint(JobSpec spec, Progress& progress, Reporter& reporter, JobReport& report) {
  RunningJob job(std::move(spec));
  try {
    run(job, progress, reporter);
  } catch (...) {
    report = std::move(job.report);
    throw;
  }
}

}  // namespace zimage::app

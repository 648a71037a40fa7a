#include "app/run_inpaint.h"

#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "app/encode_result.h"
#include "app/golden_plan.h"
#include "app/resolve.h"
#include "app/result_difference.h"
#include "app/run_job.h"
#include "app/stopwatch.h"
#include "core/ahead.h"

namespace zimage::app {
namespace {

/// The picture is read while the model is opened. Everything about picture and mask is told before the model's
/// errors.
std::unique_ptr<Session> open_inputs(RunningJob& job) {
  std::future<void> reading = ahead([&job] { read_inputs(job.plan); });
  std::unique_ptr<Session> session;
  std::exception_ptr no_model;
  try {
    session = std::make_unique<Session>(job.plan.model, job.plan.compute);
    if (wants_hashes(job.plan)) session->model_hashes();
  } catch (...) {
    no_model = std::current_exception();
  }
  reading.get();
  if (no_model) std::rethrow_exception(no_model);
  session->say_model();
  return session;
}

void run(RunningJob& job, Observer& observer, Reporter& reporter) {
  describe_plan(job);
  hash_ahead(job);
  const std::unique_ptr<Session> opened = open_inputs(job);
  Session& session = *opened;
  prepare_job(session, job);
  std::vector<GoldenResult> unlike;
  std::optional<Error> last;
  const auto judge = [&](const JobReport& report) {
    if (report.status != "mismatch") return;
    unlike.push_back(*report.golden);
    last = report.error;
  };
  for (std::size_t k = 0; k < job.plan.outputs.size(); ++k) {
    if (job.plan.dry_run || job.kept[k]) {
      judge(report_unmade(job, k, reporter));
      continue;
    }
    const Stopwatch computing;
    job.report.seed = job.plan.outputs[k].seed;
    if (k == job.first && keeps_coefficients(job.plan)) read_jpeg_ahead(job.plan);
    const Result result = compute_output(session, job, k, observer);
    judge(finish_output(session, job, k, result, computing.ms(), reporter));
  }
  finish_goldens(unlike, last);
}

}  // namespace

void run_inpaint(Plan plan, Observer& observer, Reporter& reporter, JobReport& report) {
  RunningJob job{.plan = std::move(plan), .report = report};
  try {
    run(job, observer, reporter);
  } catch (...) {
    report = std::move(job.report);
    throw;
  }
}

}  // namespace zimage::app

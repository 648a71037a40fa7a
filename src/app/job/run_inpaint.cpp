#include "app/job/run_inpaint.h"

#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/golden/golden_plan.h"
#include "app/job/encode_result.h"
#include "app/job/loading_observer.h"
#include "app/job/resolve.h"
#include "app/job/result_difference.h"
#include "app/job/run_job.h"
#include "base/run_async.h"
#include "base/stopwatch.h"

namespace zimage::app {
namespace {

std::vector<std::string> prompts_of(const Request& request) {
  std::vector<std::string> prompts{request.prompt};
  if (request.guidance_scale != 1.0) prompts.push_back(request.negative_prompt);
  return prompts;
}

/// Everything before the first output's run. The inputs are read while the model is opened and then loads. Everything
/// about picture and mask is told before the model's errors.
std::unique_ptr<Session> prepare(RunningJob& job, Observer& observer) {
  std::future<void> reading = ahead([&job] { read_inputs(job.plan); });
  std::unique_ptr<Session> session;
  try {
    session = std::make_unique<Session>(job.plan.model, job.plan.compute);
    if (wants_hashes(job.plan)) session->model_hashes();
  } catch (...) {
    reading.get();
    throw;
  }
  // Elsewhere there may be nothing to load it for.
  const bool loads = !job.plan.dry_run && !job.plan.skip_existing;
  const std::vector<std::string> prompts = prompts_of(job.plan.request);
  LoadingObserver loading(observer);
  std::future<void> preparing = ahead([&] {
    try {
      reading.get();
      session->say_model();
      prepare_job(*session, job);
      if (!job.plan.dry_run && !job.all_kept() && keeps_coefficients(job.plan)) read_jpeg_ahead(job.plan);
      loading.inputs_are_good();
    } catch (...) {
      loading.inputs_are_bad();
      throw;
    }
  });
  std::exception_ptr not_loaded;
  try {
    if (loads) job.loading_ms = session->inpainter().prepare(prompts, loading);
  } catch (...) {
    not_loaded = std::current_exception();
  }
  preparing.get();
  if (not_loaded) std::rethrow_exception(not_loaded);
  return session;
}

void run(RunningJob& job, Observer& observer, Reporter& reporter) {
  describe_plan(job);
  hash_ahead(job);
  const std::unique_ptr<Session> opened = prepare(job, observer);
  Session& session = *opened;
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

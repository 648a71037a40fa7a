#include "app/run_inpaint.h"

#include <utility>

#include "app/encode_result.h"
#include "app/golden_plan.h"
#include "app/resolve.h"
#include "app/run_job.h"
#include "app/stopwatch.h"

namespace zimage::app {
namespace {

void run(RunningJob& job, Observer& observer, Reporter& reporter) {
  // Everything about the picture and the mask is told before the model is looked at.
  describe_plan(job);
  hash_ahead(job);
  read_inputs(job.plan);
  Session session(job.plan.model, job.plan.compute);
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
    if (k == job.first && keeps_coefficients(job.plan)) {
      job.plan.source.jpeg_ahead = std::make_shared<io::JpegAhead>(job.plan.source.jpeg);
    }
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

// Runs a single job.
#pragma once

#include "app/options/job_spec.h"
#include "app/report/progress.h"
#include "app/report/report.h"

namespace zimage::app {

/// Reads the inputs, opens the model, inpaints, writes every planned output and reports each. With `dry_run` it stops
/// once the model's headers are checked, and reports what it would do. When it throws, `report` holds what is known by
/// then. Errors: those of Inpainter; kInput; kUsage for an existing output that --skip-existing can't keep; kRuntime
/// when writing fails.
void run_inpaint(JobSpec spec, Progress& progress, Reporter& reporter, JobReport& report);

}  // namespace zimage::app

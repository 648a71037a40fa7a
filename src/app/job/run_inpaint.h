// One picture: a job carried out.
#pragma once

#include "app/options/job_spec.h"
#include "app/report/progress.h"
#include "app/report/report.h"

namespace zimage::app {

/// Reads the inputs, opens the model, inpaints, writes every planned output and reports each. With `dry_run` it stops
/// once the model's headers are checked, and reports what it would do. `report` holds what is known so far, also when
/// an error is thrown. Errors: as Inpainter; kInput; kUsage for an existing output that --skip-existing can't keep;
/// kRuntime when writing fails.
void run_inpaint(JobSpec spec, Progress& progress, Reporter& reporter, JobReport& report);

}  // namespace zimage::app

// Writes the mask that a run would use, without a run: --save-mask without a prompt.
#pragma once

#include "app/options/job_spec.h"
#include "app/report/report.h"

namespace zimage::app {

/// Reads picture and mask, and writes the effective mask, as a run with the same options would. Opens no model. The
/// spec is one of resolve_mask_alone(). With --skip-existing a file that is the same stays. Errors: kInput, kRuntime;
/// kUsage if the file exists and is another.
void write_mask_alone(const JobSpec& spec, Reporter& reporter);

}  // namespace zimage::app

// Draws what a job would repaint, for --preview.
#pragma once

#include "app/job/job_stages.h"
#include "app/report/report.h"
#include "zimage/image.h"

namespace zimage::app {

/// Returns the job's picture in sRGB, 8 bits a sample, with the mask tinted, and its feather less so, the edge of both
/// as a line, and a dashed box around each region that is worked on. Requires prepare_job().
Image draw_preview(const RunningJob& job);

/// Writes the preview, and --save-mask and --save-crop if they are given, and reports it. Errors: kRuntime.
JobReport finish_preview(const RunningJob& job, Reporter& reporter);

}  // namespace zimage::app

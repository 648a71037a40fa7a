// `convert`: writes a model as one file.
#pragma once

#include "app/options/settings.h"
#include "app/report/progress.h"
#include "pipeline/tools/convert.h"

namespace zimage::app {

/// Returns what the arguments ask for.
ConvertJob convert_job(const Settings& settings);

/// Converts, and shows how far it is. Errors: those of convert_model(); kInterrupted if the progress says so.
ConvertReport convert_file(const ConvertJob& job, Progress& progress);

}  // namespace zimage::app
